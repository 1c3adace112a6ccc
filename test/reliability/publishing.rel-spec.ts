import { brokenPromises, figuresOf, tryPublishing } from '../support/publishing.js';
import { describeWith } from '../support/servers.js';

const EVENTS = 20_480;
const KILLS = 10;

describeWith(['postgres', 'nats'], 'Publishing', () => {
  it('delivers every event, in order, while processes are killed again and again and the bus once', async () => {
    const outcome = await tryPublishing({ events: EVENTS, kills: KILLS });
    process.stdout.write(figuresOf(`publishing, ${KILLS} kills, 1 restart of NATS`, outcome));
    expect(outcome.stored).toBeGreaterThanOrEqual(EVENTS);
    expect(brokenPromises(outcome)).toEqual([]);
  });

  it('does not without the guard of the leases (negative control)', async () => {
    const outcome = await tryPublishing({ events: EVENTS, kills: KILLS, env: { TEST_UNGUARDED: 'yes' } });
    process.stdout.write(figuresOf('publishing without leases (control)', outcome));
    expect(brokenPromises(outcome)).not.toEqual([]);
  });
});
