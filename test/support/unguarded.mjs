// node --import ./test/support/unguarded.mjs dist/src/main.js: the service without the guard that keeps processes from
// overwriting each other. The test of that guard must fail on it, else it would prove nothing.
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

const GUARD = 'AND projection.version = target.expected';
const NOTHING = '';

registerHooks({
  load(url, context, nextLoad) {
    const module = nextLoad(url, context);
    if (!url.endsWith('/event-store/append.js')) return module;
    const parts = String(module.source).split(GUARD);
    assert.equal(parts.length, 2, `${url} must have the guard "${GUARD}" once`);
    process.stderr.write('The version guard is out.\n');
    return { ...module, source: parts.join(NOTHING) };
  },
});
