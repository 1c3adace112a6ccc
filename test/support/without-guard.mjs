// node --import ./test/support/without-guard.mjs dist/src/main.js: the service with pieces of its code replaced, as
// TEST_WITHOUT says: a list of {file, guard, instead}. The test of a promise must fail on it, else it would prove nothing.
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

const guards = JSON.parse(process.env.TEST_WITHOUT ?? '[]');

registerHooks({
  load(url, context, nextLoad) {
    const module = nextLoad(url, context);
    const ours = guards.filter(({ file }) => url.endsWith(`/dist/src/${file}`));
    if (ours.length === 0) return module;
    let source = String(module.source);
    for (const { guard, instead } of ours) {
      const parts = source.split(guard);
      assert.equal(parts.length, 2, `${url} must have "${guard}" once`);
      source = parts.join(instead);
      process.stderr.write('A guard is out.\n');
    }
    return { ...module, source };
  },
});
