import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { bucketOf } from '../../src/outbox/buckets.js';
import { Leases } from '../../src/outbox/leases.js';
import { PoisonMessageError } from '../../src/outbox/publisher.js';
import { Relay } from '../../src/outbox/relay.js';
import { until } from '../support/outbox.js';
import { describeRelay } from '../support/relaying.js';
import { soon } from '../support/store.js';

/** From here on relays rest for a tenth of the time. */
function hurry(): void {
  const relay = Relay.prototype as unknown as { pause: (ms: number) => Promise<void> };
  const { pause } = relay;
  jest.spyOn(relay, 'pause').mockImplementation(function (this: typeof relay, ms) {
    return pause.call(this, ms / 10);
  });
}

describeRelay('The outbox relay', (its) => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('loses nothing and keeps the order while a subscriber fails', async () => {
    const { relay, store, publisher, versionsOf, drained, record } = its();
    let failures = 0;
    publisher.subscribe((event) => {
      if (failures < 3 && event.subject !== 'c' && event.version === 2) {
        failures++;
        throw new Error('not now');
      }
      record(event);
    });
    for (const user of ['a', 'b', 'c']) await store.append(user, 0, 4);
    relay.start();
    await drained();
    expect(failures).toBe(3);
    for (const user of ['a', 'b', 'c']) expect(versionsOf(user)).toEqual([1, 2, 3, 4]);
  });

  it('goes on with other baskets while one fails', async () => {
    const { relay, store, publisher, versionsOf, drained, record } = its();
    let broken = true;
    publisher.subscribe((event) => {
      if (broken && event.subject === 'a') throw new Error('not this one');
      record(event);
    });
    await store.append('a', 0, 2);
    await store.append('b', 0, 2);
    relay.start();
    await until(() => versionsOf('b').length === 2, 'the other basket is published');
    await store.append('b', 2);
    await until(() => versionsOf('b').length === 3, 'the other basket goes on');
    expect(versionsOf('a')).toEqual([]);
    broken = false;
    await drained();
    expect(versionsOf('a')).toEqual([1, 2]);
  });

  it('parks an event that can never be published; its basket waits, others go on', async () => {
    const { relay, store, publisher, versionsOf, record } = its();
    publisher.subscribe((event) => {
      if (event.subject === 'a' && event.version === 2) throw new PoisonMessageError('too large');
      record(event);
    });
    await store.append('a', 0, 3);
    await store.append('b', 0, 3);
    relay.start();
    await until(async () => (await store.outbox.lag(soon())).parked === 1, 'it is parked');
    await store.append('a', 3);
    await store.append('b', 3);
    relay.poke();
    await until(() => versionsOf('b').length === 4, 'the other basket goes on');
    await until(async () => (await store.outbox.lag(soon())).events === 3, 'what was published is removed');
    expect(versionsOf('a')).toEqual([1]);
    const { rows } = await store.query(
      'SELECT version, error, parked_at IS NULL AS waits FROM outbox ORDER BY version',
    );
    expect(rows).toEqual([
      { version: 2, error: 'too large', waits: false },
      { version: 3, error: null, waits: true },
      { version: 4, error: null, waits: true },
    ]);
    expect(await store.outbox.lag(soon())).toMatchObject({ parked: 1 });
  });

  it('publishes the whole basket in order when the parked event is let go', async () => {
    const { relay, store, publisher, versionsOf, drained, record } = its();
    let poisonous = true;
    publisher.subscribe((event) => {
      if (poisonous) throw new PoisonMessageError('too large');
      record(event);
    });
    await store.append('a', 0, 3);
    relay.start();
    await until(async () => (await store.outbox.lag(soon())).parked === 1, 'it is parked');
    poisonous = false;
    await store.query('UPDATE outbox SET parked_at = NULL, error = NULL');
    await drained();
    expect(versionsOf('a')).toEqual([1, 2, 3]);
  });

  it('publishes an event when what follows from it is done, and not before', async () => {
    const { store, publisher, seen, relayOf, versionsOf, drained, record } = its();
    const followed: number[] = [];
    const relay = relayOf((events) => {
      expect(seen).toEqual([]);
      followed.push(...events.map(({ version }) => version));
      return followed.length < 5 ? Promise.reject(new Error('not now')) : Promise.resolve();
    });
    publisher.subscribe(record);
    await store.append('a', 0, 2);
    relay.start();
    await drained();
    expect(followed).toEqual([1, 2, 1, 2, 1, 2]);
    expect(versionsOf('a')).toEqual([1, 2]);
  });

  it('goes on with other baskets, at once, while what follows from the events of one fails', async () => {
    const { store, publisher, relayOf, versionsOf, record } = its();
    const relay = relayOf((events) =>
      events.some(({ stream }) => stream === 'a') ? Promise.reject(new Error('never')) : Promise.resolve(),
    );
    publisher.subscribe(record);
    await store.append('a', 0);
    relay.start();
    for (let version = 0; version < 5; version++) {
      await store.append('b', version);
      relay.poke();
      await until(() => versionsOf('b').length === version + 1, 'the other basket goes on', 2000);
    }
    const left = async () => (await store.query<{ user_name: string }>('SELECT user_name FROM outbox')).rows;
    await until(async () => (await left()).length === 1, 'the pointers of the other basket are gone', 2000);
    expect(await left()).toEqual([{ user_name: 'a' }]);
    expect(versionsOf('a')).toEqual([]);
  });

  describe('while the bus is away', () => {
    let attempts: number;
    let away: boolean;

    beforeEach(() => {
      const { publisher, record } = its();
      attempts = 0;
      away = true;
      const refuse = () => {
        attempts++;
        return away ? Promise.reject(new Error('away')) : Promise.resolve();
      };
      publisher.ping = refuse;
      publisher.subscribe(async (event) => {
        if (away) await refuse();
        record(event);
      });
    });

    it('stops at once although it rests for longer and longer', async () => {
      const { relay, store } = its();
      await store.append('a', 0);
      relay.start();
      // From here on it rests for longer than the stop may take.
      await until(() => attempts >= 8, 'it has failed a few times');
      const started = performance.now();
      await relay.stop();
      expect(performance.now() - started).toBeLessThan(2000);
    });

    it('does not try harder because there is news', async () => {
      const { relay, store } = its();
      await store.append('a', 0);
      relay.start();
      await until(() => attempts >= 2, 'it has failed');
      const before = attempts;
      const end = performance.now() + 500;
      while (performance.now() < end) {
        relay.poke();
        await setTimeout(5);
      }
      expect(attempts - before).toBeLessThan(8);
    });

    it('lets other relays try in its place, and comes back when its own way is open again', async () => {
      const { relay, store, seen, drained } = its();
      hurry();
      // In every bucket: a relay that has nothing to publish does not find out that it cannot.
      const users = Array.from({ length: 1000 }, (_, at) => `user-${at}`);
      const oneABucket = [...new Map(users.map((user) => [bucketOf(user), user])).values()];
      expect(oneABucket).toHaveLength(64);
      await Promise.all(oneABucket.map((user) => store.append(user, 0)));
      relay.start();
      await until(() => attempts >= 2, 'it has failed');
      const other = new Leases(store.database);
      const takeAll = async () => {
        await other.balance(soon());
        return other.buckets.length === 64;
      };
      await until(takeAll, 'the other one has them all', 60_000);
      await other.release(soon());
      away = false;
      await drained();
      expect(seen.map(({ subject }) => subject).sort()).toEqual(oneABucket.sort());
    }, 90_000);
  });
});
