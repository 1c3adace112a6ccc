import { jest } from '@jest/globals';
import { guard } from '../support/guards.js';
import { brokenPromises, figuresOf, tryPublishing } from '../support/publishing.js';
import { describeWith } from '../support/servers.js';
import { figure, isLong, sized } from '../support/sizes.js';

jest.setTimeout(600_000);

const EVENTS = sized(2560, 20_480);
const KILLS = sized(1, 10);
/** So that the heirs of a process that was killed need not be waited for. */
const BRIEF = [
  { file: 'outbox/leases.js', guard: 'LEASE_MS = 10_000', instead: 'LEASE_MS = 1500' },
  { file: 'outbox/relay.js', guard: 'BALANCE_MS = 2000', instead: 'BALANCE_MS = 300' },
].map(guard);
const PACE = sized(BRIEF, []);

/** Without them each process takes all events for its own. */
const LEASES = [
  { file: 'outbox/leases.js', guard: 'holds(bucket) {', instead: 'holds() { return true; } guardedHolds(bucket) {' },
  {
    file: 'outbox/leases.js',
    guard: 'get buckets() {',
    instead: 'get buckets() { return Array.from({ length: BUCKETS }, (_, n) => n); } get guardedBuckets() {',
  },
].map(guard);

describeWith(['postgres', 'nats'], 'Publishing by processes that are killed', () => {
  it('delivers every event, in order, also while the bus is killed', async () => {
    const outcome = await tryPublishing({ events: EVENTS, kills: KILLS, guards: PACE });
    figure(`publishing, ${KILLS} kills, 1 restart of NATS`, figuresOf(outcome));
    expect(outcome.stored).toBeGreaterThanOrEqual(EVENTS);
    expect(brokenPromises(outcome)).toEqual([]);
  });

  // It takes as long as the test itself; a quick one is in test/integration/publishing.
  if (isLong)
    it('does not without the guard of the leases (negative control)', async () => {
      const outcome = await tryPublishing({ events: 2 * EVENTS, kills: KILLS, guards: [...PACE, ...LEASES] });
      figure('publishing (control: no leases)', figuresOf(outcome));
      expect(brokenPromises(outcome)).not.toEqual([]);
    });
});
