// node --import ./test/support/dies-in-merge.mjs dist/src/main.js: the service whose process dies when it is about to do
// the second append of a merge.
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

const COMPLETE = 'async complete(';
const DIE =
  "complete() { process.kill(process.pid, 'SIGKILL'); return new Promise(() => undefined); }\n    async neverComplete(";

registerHooks({
  load(url, context, nextLoad) {
    const module = nextLoad(url, context);
    if (!url.endsWith('/basket/merge-completion.js')) return module;
    const parts = String(module.source).split(COMPLETE);
    assert.equal(parts.length, 2, `${url} must have "${COMPLETE}" once`);
    return { ...module, source: parts.join(DIE) };
  },
});
