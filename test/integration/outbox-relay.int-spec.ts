import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { bucketOf } from '../../src/outbox/buckets.js';
import type { CloudEvent } from '../../src/outbox/cloud-event.js';
import { InProcessPublisher } from '../../src/outbox/in-process.publisher.js';
import { Leases } from '../../src/outbox/leases.js';
import type { BeforePublish } from '../../src/outbox/delivery.js';
import { PoisonMessageError } from '../../src/outbox/publisher.js';
import { Relay } from '../../src/outbox/relay.js';
import { openStore, until } from '../support/outbox.js';
import type { Store } from '../support/outbox.js';
import { soon } from '../support/store.js';

describe('The outbox relay', () => {
  let store: Store;
  let publisher: InProcessPublisher;
  let relay: Relay;
  let seen: CloudEvent[];

  const relayOf = (beforePublish: BeforePublish = () => Promise.resolve(), leases = new Leases(store.database)) =>
    new Relay(store.outbox, leases, publisher, beforePublish, 50);
  const versionsOf = (stream: string) => seen.filter(({ subject }) => subject === stream).map(({ version }) => version);
  const drained = () => until(async () => (await store.outbox.lag(soon())).events === 0, 'the outbox is empty');
  const record = (event: CloudEvent) => void seen.push(event);

  beforeAll(async () => {
    store = await openStore();
  });

  afterAll(() => store.close());

  beforeEach(() => {
    publisher = new InProcessPublisher();
    seen = [];
    relay = relayOf();
  });

  afterEach(async () => {
    await relay.stop();
    await store.empty();
  });

  it('publishes every event once, those of a basket in version order, and clears the pointers', async () => {
    publisher.subscribe(record);
    for (let round = 0; round < 3; round++)
      for (const user of ['a', 'b', 'c', 'ü']) await store.append(user, round * 2, 2);
    relay.start();
    await drained();
    await store.append('b', 6);
    relay.poke();
    await drained();
    expect(versionsOf('a')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(versionsOf('b')).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(versionsOf('ü')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(25);
    expect(seen).toHaveLength(25);
  });

  it('gets through a backlog of more than a batch, also behind a basket that fills one', async () => {
    publisher.subscribe(record);
    await store.append('a', 0, 1200);
    for (let user = 0; user < 20; user++) await store.append(`user-${user}`, 0, 2);
    relay.start();
    await drained();
    expect(versionsOf('a')).toEqual(Array.from({ length: 1200 }, (_, index) => index + 1));
    expect(seen).toHaveLength(1240);
  });

  it('finds what no poke told it of', async () => {
    publisher.subscribe(record);
    relay.start();
    await until(
      async () => (await store.query('SELECT FROM outbox_leases WHERE bucket >= 0')).rows.length === 64,
      'it is at work',
    );
    await store.append('a', 0);
    await drained();
    expect(versionsOf('a')).toEqual([1]);
  });

  it('loses nothing and keeps the order while a subscriber fails', async () => {
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
    expect(versionsOf('a')).toEqual([1]);
    const { rows } = await store.query(
      'SELECT version, error, parked_at IS NULL AS waits FROM outbox ORDER BY version',
    );
    expect(rows).toEqual([
      { version: 2, error: 'too large', waits: false },
      { version: 3, error: null, waits: true },
      { version: 4, error: null, waits: true },
    ]);
    expect(await store.outbox.lag(soon())).toMatchObject({ events: 3, parked: 1 });
  });

  it('publishes the whole basket in order when the parked event is let go', async () => {
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
    const followed: number[] = [];
    relay = relayOf((events) => {
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
    relay = relayOf((events) =>
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

  it('publishes nothing whose bucket it does not hold', async () => {
    publisher.subscribe(record);
    const other = new Leases(store.database);
    await other.balance(soon());
    await store.append('a', 0);
    const { promise: balanced, resolve } = Promise.withResolvers<undefined>();
    const leases = new Leases(store.database);
    const balance = leases.balance.bind(leases);
    leases.balance = async (deadline) => {
      await balance(deadline);
      resolve(undefined);
    };
    relay = relayOf(undefined, leases);
    relay.start();
    await balanced;
    expect(other.holds(bucketOf('a'))).toBe(true);
    expect(seen).toEqual([]);
    await other.release(soon());
    await drained();
    expect(versionsOf('a')).toEqual([1]);
  });

  it('gives its buckets back when it stops, in the middle of a batch and without the rest of it', async () => {
    const gate = Promise.withResolvers<undefined>();
    publisher.subscribe(async (event) => {
      record(event);
      await gate.promise;
    });
    await store.append('a', 0, 5);
    relay.start();
    await until(() => seen.length === 1, 'it publishes');
    const stopped = relay.stop();
    gate.resolve(undefined);
    await stopped;
    expect(versionsOf('a')).toEqual([1]);
    expect(await store.outbox.lag(soon())).toMatchObject({ events: 4 });
    const { rows } = await store.query('SELECT FROM outbox_leases WHERE bucket >= 0 AND expires_at > $1', [new Date()]);
    expect(rows).toEqual([]);
  });

  describe('while the bus is away', () => {
    let attempts: number;
    let away: boolean;

    beforeEach(() => {
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
      await store.append('a', 0);
      relay.start();
      // From here on it rests for longer than the stop may take.
      await until(() => attempts >= 8, 'it has failed a few times');
      const started = performance.now();
      await relay.stop();
      expect(performance.now() - started).toBeLessThan(1000);
    });

    it('does not try harder because there is news', async () => {
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
      // In every bucket: a relay that has nothing to publish does not find out that it cannot.
      const users = Array.from({ length: 1000 }, (_, at) => `user-${at}`);
      const oneABucket = [...new Map(users.map((user) => [bucketOf(user), user])).values()];
      expect(oneABucket).toHaveLength(64);
      for (const user of oneABucket) await store.append(user, 0);
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

  it('finds its events among more of other buckets than a page holds', async () => {
    publisher.subscribe(record);
    const mine = 'mine';
    const others = Array.from({ length: 3000 }, (_, at) => `other-${at}`).filter(
      (name) => bucketOf(name) !== bucketOf(mine),
    );
    await Promise.all(others.map((name) => store.append(name, 0)));
    await store.append(mine, 0, 3);
    const leases = new Leases(store.database);
    jest.spyOn(leases, 'buckets', 'get').mockReturnValue([bucketOf(mine)]);
    relay = relayOf(undefined, leases);
    relay.start();
    await until(() => versionsOf(mine).length === 3, 'they are published', 5000);
    expect(seen).toHaveLength(3);
    const left = async () => (await store.outbox.lag(soon())).events;
    await until(async () => (await left()) === others.length, 'their pointers are gone', 5000);
  });

  it('gathers news that comes in quick succession', async () => {
    publisher.subscribe(record);
    let reads = 0;
    const next = store.outbox.next.bind(store.outbox);
    store.outbox.next = (...args) => {
      reads++;
      return next(...args);
    };
    relay.start();
    const started = performance.now();
    for (let version = 0; version < 200; version++) {
      await store.append('a', version);
      relay.poke();
    }
    await drained();
    const turns = (performance.now() - started) / publisher.lingerMs;
    expect(reads).toBeLessThan(turns + 5);
    expect(seen).toHaveLength(200);
  });

  it('says how far it is behind', async () => {
    expect(await store.outbox.lag(soon())).toEqual({ events: 0, seconds: 0, parked: 0 });
    await store.append('a', 0, 2);
    await store.query(`UPDATE outbox SET created_at = $1 WHERE version = 1`, [new Date(Date.now() - 60_000)]);
    const lag = await store.outbox.lag(soon());
    expect(lag).toMatchObject({ events: 2, parked: 0 });
    expect(lag.seconds).toBeGreaterThanOrEqual(60);
    expect(lag.seconds).toBeLessThan(90);
  });
});
