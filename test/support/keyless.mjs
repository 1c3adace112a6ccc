// node --import ./test/support/keyless.mjs dist/src/main.js: the service that does not know an Idempotency-Key when it
// sees one. The test that a repeat has no effect must fail on it, else it would prove nothing.
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

const KEY = "headers['idempotency-key']";

registerHooks({
  load(url, context, nextLoad) {
    const module = nextLoad(url, context);
    if (!url.endsWith('/http/idempotency.js')) return module;
    const parts = String(module.source).split(KEY);
    assert.equal(parts.length, 2, `${url} must have ${KEY} once`);
    process.stderr.write('Keys are not looked at.\n');
    return { ...module, source: parts.join('undefined') };
  },
});
