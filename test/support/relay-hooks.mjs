// node --import ./test/support/relay-hooks.mjs dist/src/main.js: the service with other leases.
// TEST_LEASE_MS: they last this long, and are looked after as often as that takes, so that the heirs of a process that
// was killed need not be waited for. TEST_UNGUARDED: each process takes all of them for its own; the test of publishing
// must fail on it, else it would prove nothing.
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';

const { TEST_LEASE_MS, TEST_UNGUARDED } = process.env;

function replace(source, from, to) {
  const parts = source.split(from);
  assert.equal(parts.length, 2, `"${from}" must be there once`);
  return parts.join(to);
}

function changed(url, source) {
  let text = source;
  if (url.endsWith('/outbox/leases.js')) {
    if (TEST_LEASE_MS) text = replace(text, 'LEASE_MS = 10_000', `LEASE_MS = ${TEST_LEASE_MS}`);
    if (TEST_UNGUARDED) {
      text = replace(text, 'holds(bucket) {', 'holds() { return true; } guardedHolds(bucket) {');
      text = replace(
        text,
        'get buckets() {',
        'get buckets() { return Array.from({ length: BUCKETS }, (_, n) => n); } get guardedBuckets() {',
      );
      process.stderr.write('The guard of the leases is out.\n');
    }
  }
  if (url.endsWith('/outbox/relay.js') && TEST_LEASE_MS)
    text = replace(text, 'BALANCE_MS = 2000', `BALANCE_MS = ${Math.ceil(TEST_LEASE_MS / 5)}`);
  return text;
}

registerHooks({
  load(url, context, nextLoad) {
    const module = nextLoad(url, context);
    if (!url.includes('/outbox/')) return module;
    return { ...module, source: changed(url, String(module.source)) };
  },
});
