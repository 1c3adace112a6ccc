import { jest } from '@jest/globals';
import { brokenPromises, figuresOf, tryPublishing } from '../support/publishing.js';
import { describeWith } from '../support/servers.js';
import { figure, sized } from '../support/sizes.js';

jest.setTimeout(600_000);

const EVENTS = sized(3072, 20_480);
const KILLS = sized(2, 10);
/** So that the heirs of a process that was killed need not be waited for. */
const env: Record<string, string> = sized({ TEST_LEASE_MS: '1500' }, {});

describeWith(['postgres', 'nats'], 'Publishing by processes that are killed', () => {
  it('delivers every event, in order, also while the bus is killed', async () => {
    const outcome = await tryPublishing({ events: EVENTS, kills: KILLS, env });
    figure(`publishing, ${KILLS} kills, 1 restart of NATS`, figuresOf(outcome));
    expect(outcome.stored).toBeGreaterThanOrEqual(EVENTS);
    expect(brokenPromises(outcome)).toEqual([]);
  });

  it('does not without the guard of the leases (negative control)', async () => {
    const outcome = await tryPublishing({ events: 2 * EVENTS, kills: KILLS, env: { ...env, TEST_UNGUARDED: 'yes' } });
    figure('publishing (control: no leases)', figuresOf(outcome));
    expect(brokenPromises(outcome)).not.toEqual([]);
  });
});
