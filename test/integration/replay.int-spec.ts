import type { CloudEvent } from '../../src/outbox/cloud-event.js';
import { InProcessPublisher } from '../../src/outbox/in-process.publisher.js';
import { PoisonMessageError } from '../../src/outbox/publisher.js';
import { Replay } from '../../src/outbox/replay.js';
import { openStore } from '../support/outbox.js';
import type { Store } from '../support/outbox.js';
import { soon } from '../support/store.js';

const ALWAYS = new Date(0);

describe('The replay of events', () => {
  let store: Store;
  let publisher: InProcessPublisher;
  let seen: CloudEvent[];
  let replay: Replay;

  const versionsOf = (stream: string) => seen.filter(({ subject }) => subject === stream).map(({ version }) => version);
  const clearPointers = () => store.query('DELETE FROM outbox');
  const run = (since = ALWAYS, userName?: string) => replay.run({ since, userName }, () => undefined);
  const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

  beforeAll(async () => {
    store = await openStore();
  });

  afterAll(() => store.close());

  beforeEach(() => {
    publisher = new InProcessPublisher();
    seen = [];
    publisher.subscribe((event) => void seen.push(event));
    replay = new Replay(store.database, publisher, 1);
  });

  afterEach(() => store.empty());

  it('sends all that was published, of each basket in version order, with the ids that it had', async () => {
    await store.append('a', 0, 2500);
    for (const user of ['b', 'ü', 'z']) await store.append(user, 0, 3);
    await clearPointers();
    const progress: number[] = [];
    expect(await replay.count({ since: ALWAYS })).toBe(2509);
    expect(await replay.run({ since: ALWAYS }, (sent) => progress.push(sent))).toEqual({ sent: 2509, refused: [] });
    expect(progress).toEqual([1000, 2000, 2509]);
    expect(versionsOf('a')).toEqual(upTo(2500));
    for (const user of ['b', 'ü', 'z']) expect(versionsOf(user)).toEqual([1, 2, 3]);
    const stored = await store.store.read('a', 0, 2500, soon());
    expect(seen.filter(({ subject }) => subject === 'a').map(({ id }) => id)).toEqual(
      stored.map(({ eventId }) => eventId),
    );
  });

  it('sends only what happened at a time or later', async () => {
    await store.append('a', 0, 3);
    await clearPointers();
    const noon = new Date('2026-01-01T12:00:00.000Z');
    const times = [new Date(noon.getTime() - 1), noon, new Date(noon.getTime() + 1)];
    for (const [at, time] of times.entries())
      await store.query('UPDATE domain_events SET occurred_at = $1 WHERE version = $2', [time, at + 1]);
    expect(await replay.count({ since: noon })).toBe(2);
    await run(noon);
    expect(versionsOf('a')).toEqual([2, 3]);
  });

  it('sends the events of one user only', async () => {
    for (const user of ['a', 'b', 'c']) await store.append(user, 0, 2);
    await clearPointers();
    expect(await replay.count({ since: ALWAYS, userName: 'b' })).toBe(2);
    await run(ALWAYS, 'b');
    expect(seen.map(({ subject }) => subject)).toEqual(['b', 'b']);
  });

  it('leaves to the relay what it has not published yet, and what comes behind that', async () => {
    await store.append('a', 0, 5);
    await store.query('DELETE FROM outbox WHERE version <> 3');
    await run();
    expect(versionsOf('a')).toEqual([1, 2]);
  });

  it('tries again what the bus does not take at once, without losing the order', async () => {
    let failures = 0;
    await publisher.close();
    publisher.subscribe((event) => {
      if (event.version === 2 && failures++ < 3) throw new Error('not now');
      seen.push(event);
    });
    await store.append('a', 0, 3);
    await clearPointers();
    await run();
    expect(versionsOf('a')).toEqual([1, 2, 3]);
  });

  it('gives up when the bus stays away', async () => {
    publisher.subscribe(() => Promise.reject(new Error('away')));
    await store.append('a', 0);
    await clearPointers();
    await expect(run()).rejects.toThrow('away');
  });

  it('leaves out the rest of a basket behind an event that the bus never takes, over pages, and says so', async () => {
    await publisher.close();
    publisher.subscribe((event) => {
      if (event.subject === 'a' && event.version === 2) throw new PoisonMessageError('too large');
      seen.push(event);
    });
    await store.append('a', 0, 1500);
    await store.append('b', 0, 2);
    await clearPointers();
    const { sent, refused } = await run();
    expect(sent).toBe(3);
    expect(refused.map(({ event, reason }) => [event.stream, event.version, reason])).toEqual([['a', 2, 'too large']]);
    expect(versionsOf('a')).toEqual([1]);
  });
});
