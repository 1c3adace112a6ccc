import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import pg from 'pg';
import { isOpen } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import { BasketError } from '../../src/basket/domain/basket.errors.js';
import { remove } from '../../src/basket/domain/decisions.js';
import { FollowUp } from '../../src/basket/follow-up.js';
import { StoredVersions } from '../../src/basket/persistence/stored-versions.js';
import { DatabaseUnavailableError } from '../../src/database/database.js';
import type { Database } from '../../src/database/database.js';
import { EventStore } from '../../src/event-store/event-store.js';
import { Tombstones } from '../../src/event-store/tombstones.js';
import { Outbox } from '../../src/outbox/outbox.js';
import { BASKET_PROJECTION } from '../../src/basket/persistence/basket-projection.js';
import { UserData } from '../../src/user-data/user-data.js';
import { someUser } from '../support/app.js';
import { someAppend } from '../support/appends.js';
import { describeCaches } from '../support/caches.js';
import { adding, productsOf, someItem } from '../support/items.js';
import { shopping } from '../support/merging.js';
import type { Shopping } from '../support/merging.js';
import { rebuilding } from '../support/rebuilding.js';
import { dumpDatabase, naming } from '../support/remains.js';
import { eventually } from '../support/eventually.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { describeWith } from '../support/servers.js';
import { openStore } from '../support/stream-store.js';
import type { Store } from '../support/stream-store.js';
import { TestStore, eventStore, soon } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';

jest.setTimeout(120_000);

let store: TestStore;
let service: StoreProcess;

beforeAll(async () => {
  store = await TestStore.open({ REQUEST_DEADLINE_MS: '30000' });
  service = store.process();
});
afterAll(() => store[Symbol.asyncDispose]());

interface Erasing {
  readonly page?: number;
  readonly tombstones?: Tombstones;
  readonly closed?: (userName: string, version: number) => Promise<void>;
  readonly database?: Database;
}

const erasing = (on: Pick<StoreProcess, 'database' | 'events'>, options: Erasing = {}) => {
  const { page, tombstones = new Tombstones(), closed = () => Promise.resolve(), database = on.database } = options;
  return new UserData(database, on.events, tombstones, 30_000, closed, page);
};

/** A user with a basket that has been changed so many times, all in one append. */
async function shopper({ events = 2, on = service, name = someUser() } = {}) {
  const { currency: _, ...data } = someItem();
  await on.baskets.update(name, adding(someItem()));
  if (events > 2)
    await on.baskets.update(name, () =>
      Array.from({ length: events - 2 }, () => ({ type: 'BasketItemAdded', data }) as const),
    );
  return name;
}

const tracesOf = async (name: string, of: { query: TestStore['query'] } = store) =>
  naming(await dumpDatabase((sql) => of.query(sql)), [name]);
const codeOf = (error: unknown) => (error instanceof BasketError ? error.code : error);

/** A database that stops answering behind so many pages of an erasure. */
const stopsBehind = (pages: number, { database } = service) => {
  let left = pages;
  const query: Database['query'] = (statement, values, deadline) => {
    if (statement.name === 'erase-stream-page' && left-- === 0) throw new DatabaseUnavailableError('It was cut off.');
    return database.query(statement, values, deadline);
  };
  return Object.create(database, { query: { value: query } }) as Database;
};

describe('An erasure that is cut short', () => {
  it.each([0, 1, 2])(
    'after %i pages leaves no basket, lets none begin, and is finished by repeating it',
    async (pages) => {
      const user = await shopper({ events: 250 });
      const before = new Map<number, Basket>();
      for (let version = 1; version <= 250; version++) before.set(version, await service.history.asOf(user, version));
      const database = stopsBehind(pages);
      await expect(erasing(service, { page: 100, database }).erase(user)).rejects.toThrow('It was cut off.');

      expect(await service.baskets.find(user)).toMatchObject({ version: 251, json: undefined });
      await expect(service.baskets.update(user, adding(someItem())).catch(codeOf)).resolves.toBe('conflict');
      // What is left of the history is what was, or nothing; no basket that there never was.
      for (const { version } of await service.events.read(user, 0, 1000, soon())) {
        const left = await service.history.asOf(user, version);
        if (isOpen(left)) expect(left).toEqual(before.get(version));
      }

      expect(await erasing(service, { page: 100 }).erase(user)).toBe(251);
      expect(await tracesOf(user)).toEqual([]);
      expect(await erasing(service).erase(user)).toBeUndefined();
      expect((await service.baskets.update(user, adding(someItem()))).after.version).toBe(253);
    },
  );

  it('is not undone by a rebuild, which says what to do', async () => {
    const user = await shopper({ events: 250 });
    await erasing(service, { page: 100, database: stopsBehind(1) })
      .erase(user)
      .catch(() => undefined);
    await using rebuild = rebuilding(store);
    await rebuild.run({}, user);
    expect(rebuild.complaints).toEqual([
      expect.stringContaining('is left of an erasure that was cut short: erase the user again'),
    ]);
    expect(await store.query('SELECT FROM basket_projections WHERE user_name = $1', [user])).toEqual([]);
    await erasing(service).erase(user);
    expect(await tracesOf(user)).toEqual([]);
  });

  it('never leaves a pointer of the outbox without its event', async () => {
    const user = await shopper({ events: 250 });
    await erasing(service, { page: 100, database: stopsBehind(2) })
      .erase(user)
      .catch(() => undefined);
    const [left] = await store.query(
      `SELECT count(*)::integer AS pointers, count(event.version)::integer AS events FROM outbox
       LEFT JOIN domain_events AS event USING (user_name, version) WHERE user_name = $1`,
      [user],
    );
    expect(left).toEqual({ pointers: 50, events: 50 });
    await erasing(service).erase(user);
  });
});

describe('A user who comes back', () => {
  it('has a stream that begins behind the erasure, with history, snapshots, replay and rebuild', async () => {
    const user = await shopper({ events: 150 });
    expect(await erasing(service).erase(user)).toBe(151);
    await shopper({ events: 250, name: user });
    await service.baskets.update(user, remove, { command: { id: 'end', fingerprint: 'x' } });
    const repeat = await service.baskets.update(user, remove, { command: { id: 'end', fingerprint: 'x' } });
    expect(repeat).toMatchObject({ replayed: true, after: { version: 402 } });

    expect((await service.events.read(user, 0, 1, soon()))[0]?.version).toBe(152);
    expect(isOpen(await service.history.asOf(user, 401))).toBe(true);
    await expect(service.history.asOf(user, 151).catch(codeOf)).resolves.toBe('version-not-found');
    const snapshots = await store.query('SELECT version FROM basket_snapshots WHERE user_name = $1', [user]);
    expect(snapshots.map(({ version }) => version)).toEqual([200, 300, 400]);
    await expectReplayEqualsProjection(store.source, new Map([[user, 151], ...(await erasedBefore())]));

    await using rebuild = rebuilding(store);
    expect(await rebuild.run({ check: true }, user)).toMatchObject({ projections: 0, snapshots: 0, broken: 0 });
    await store.query('DELETE FROM basket_projections WHERE user_name = $1', [user]);
    await store.query('DELETE FROM basket_snapshots WHERE user_name = $1', [user]);
    expect(await rebuild.run({}, user)).toMatchObject({ projections: 1, snapshots: 3, broken: 0 });
    expect((await service.baskets.update(user, adding(someItem()))).after.version).toBe(404);
  });

  it('repeats the first command of all: it is answered as the first time', async () => {
    const user = await shopper();
    await erasing(service).erase(user);
    const command = { id: 'first', fingerprint: 'x' };
    const item = someItem();
    const first = await service.baskets.update(user, adding(item), { command });
    const repeat = await service.baskets.update(user, adding(item), { command });
    expect(repeat).toMatchObject({ replayed: true, before: { version: 3 }, after: first.after });
  });

  it('is known under each secret, and under none for whoever lacks them: the control', async () => {
    const [old, now] = ['o'.repeat(32), 'n'.repeat(32)];
    const name = await shopper();
    await erasing(service, { tombstones: new Tombstones([old]) }).erase(name);
    const erasedFor = async (...secrets: string[]) =>
      await new EventStore(service.database, BASKET_PROJECTION, new Tombstones(secrets)).erasedVersions([name], soon());
    expect(await erasedFor(old)).toEqual(new Map([[name, 3]]));
    expect(await erasedFor(now, old)).toEqual(new Map([[name, 3]]));
    expect(await erasedFor(now)).toEqual(new Map());

    const unkeyed = await shopper();
    await erasing(service).erase(unkeyed);
    const keyed = new EventStore(service.database, BASKET_PROJECTION, new Tombstones([now]));
    expect(await keyed.erasedVersions([unkeyed], soon())).toEqual(new Map([[unkeyed, 3]]));
    expect(await keyed.append(someAppend(unkeyed, 0), soon())).toBe(false);
  });

  it('is told to other processes that look at the stored versions', async () => {
    const [erased, other] = [await shopper(), await shopper()];
    await erasing(service).erase(erased);
    const versions = new StoredVersions(service.database, service.events, 30_000);
    expect(await versions.read([erased, other, 'nobody'])).toEqual(
      new Map([
        [erased, 3],
        [other, 2],
      ]),
    );
  });
});

describe('A write that began before an erasure', () => {
  /** The statement without its look at the tombstones. */
  const unguarded = ({ database }: StoreProcess): EventStore => {
    const query: Database['query'] = (statement, values, deadline) => {
      const text = statement.text.replace(
        'AND NOT EXISTS (\n          SELECT FROM erased_streams',
        'AND EXISTS (\n          SELECT FROM erased_streams',
      );
      expect(text).not.toBe(statement.text);
      return database.query({ name: `unguarded-${statement.name}`, text }, values, deadline);
    };
    return eventStore(Object.create(database, { query: { value: query } }) as Database);
  };

  it('of a user who had no basket yet does not begin one at a version that was there', async () => {
    const user = await shopper();
    await erasing(service).erase(user);
    expect(await service.events.append(someAppend(user, 0), soon())).toBe(false);
    expect(await service.events.append(someAppend(user, 2, { isNew: true }), soon())).toBe(false);
    expect(await service.events.append(someAppend(user, 3), soon())).toBe(false);
    expect(await tracesOf(user)).toEqual([]);
    // The control.
    expect(await unguarded(service).append(someAppend(user, 0), soon())).toBe(true);
    expect(await erasing(service).erase(user)).toBe(3);
    expect(await service.events.append(someAppend(user, 3, { isNew: true }), soon())).toBe(true);
  });

  it('of the basket that was erased starts over: it finds no basket, or begins a new one', async () => {
    const user = await shopper();
    let isErased = false;
    const product = someItem();
    // The append comes after the erasure, its decision before.
    const append = service.events.append.bind(service.events);
    const late = jest.spyOn(service.events, 'append').mockImplementation(async (one, deadline) => {
      if (!isErased) await erasing(service).erase(user);
      isErased = true;
      return await append(one, deadline);
    });
    try {
      const { after } = await service.baskets.update(user, adding(product));
      expect({ version: after.version, products: productsOf(after) }).toEqual({
        version: 5,
        products: [product.productId],
      });
      isErased = false;
      await expect(service.baskets.update(user, remove).catch(codeOf)).resolves.toBe('basket-not-found');
    } finally {
      late.mockRestore();
    }
  });

  /** Who is told that it was changed too often meanwhile repeats it (docs/privacy.md). */
  const eraseAtLast = async (user: string): Promise<number | undefined> => {
    for (;;)
      try {
        return await erasing(service, { page: 7 }).erase(user);
      } catch (error) {
        if (codeOf(error) !== 'conflict') throw error;
      }
  };

  it.each([2, 5])('of %i writers, with erasures in between, never gets a version twice', async (writers) => {
    const user = await shopper();
    const processes = [service, store.process()];
    const seen: number[] = [];
    let isOver = false;
    const write = async (at: number) => {
      const { baskets } = processes[at % 2] ?? service;
      while (!isOver) {
        const { events } = await baskets.update(user, adding(someItem())).catch((error: unknown) => {
          if (codeOf(error) === 'conflict') return { events: [] };
          throw error;
        });
        seen.push(...events.map(({ version }) => version));
      }
    };
    const erase = async () => {
      const erasures: (number | undefined)[] = [];
      for (let n = 0; n < 5; n++) {
        await setTimeout(30);
        // Where nobody has written since, there is nothing to erase.
        const before = seen.length;
        await eventually(() => seen.length > before);
        erasures.push(await eraseAtLast(user));
      }
      isOver = true;
      return erasures;
    };
    const [erasures] = await Promise.all([erase(), ...Array.from({ length: writers }, (_, at) => write(at))]);
    const all = [...seen, ...erasures];
    expect(new Set(all).size).toBe(all.length);
    expect(erasures).toEqual(erasures.toSorted((one, other) => Number(one) - Number(other)));
    const last = Math.max(...erasures.map(Number));
    const left = await service.events.read(user, 0, 1000, soon());
    expect(left.every(({ version }) => version > last)).toBe(true);
    await erasing(service).erase(user);
    expect(await tracesOf(user)).toEqual([]);
  });

  it('and comes through all the same, in the moment in which its own statement could not know, is erased as well', async () => {
    const user = await shopper();
    const stale = unguarded(service);
    let pages = 0;
    const query: Database['query'] = async (statement, values, deadline) => {
      const answer = await service.database.query(statement, values, deadline);
      // When the last page is gone there is nothing in its way.
      if (statement.name === 'erase-stream-page' && ++pages === 2)
        expect(await stale.append(someAppend(user, 0), soon())).toBe(true);
      return answer as never;
    };
    const database = Object.create(service.database, { query: { value: query } }) as Database;
    expect(await erasing(service, { database }).erase(user)).toBe(3);
    expect(pages).toBe(4);
    expect(await tracesOf(user)).toEqual([]);
  });

  it('does not keep two erasures at once from ending', async () => {
    const user = await shopper({ events: 60 });
    const both = [service, store.process()].map((on) => erasing(on, { page: 7 }).erase(user));
    for (const version of await Promise.all(both)) expect([61, undefined]).toContain(version);
    expect(await tracesOf(user)).toEqual([]);
  });
});

describeWith(['postgres'], 'A first append that waits for an erasure to commit', () => {
  it('finds the events of before in its way', async () => {
    const user = await shopper();
    const { url } = store.source.options as { url: string };
    const eraser = new pg.Client({ connectionString: url });
    await eraser.connect();
    try {
      await eraser.query('BEGIN');
      await eraser.query('SELECT close_erased_stream($1, 2, $2, 3, $3)', [user, new Tombstones().of(user), new Date()]);
      const late = service.events.append(someAppend(user, 0), soon());
      await setTimeout(200);
      await eraser.query('COMMIT');
      expect(await late).toBe(false);
    } finally {
      await eraser.end();
    }
    await erasing(service).erase(user);
    expect(await tracesOf(user)).toEqual([]);
  });
});

describeCaches('A reader who is about to fill in what is erased', (caches) => {
  it('does not; without the word to the cache it would: the control', async () => {
    const late = async (told: boolean) => {
      const user = await shopper();
      const cache = await caches().connect();
      const look = await cache.look(user);
      const lease = (!look.basket && look.lease) || '';
      const before = await service.baskets.find(user);
      const closed = (name: string, version: number) => (told ? cache.drop(name, version) : Promise.resolve());
      await erasing(service, { closed }).erase(user);
      await cache.fill(user, before, lease);
      return (await cache.look(user)).basket?.json !== undefined;
    };
    expect({ told: await late(true), untold: await late(false) }).toEqual({ told: false, untold: true });
  });
});

describe('An erasure and a relay', () => {
  it('that has read what is erased do not disturb each other', async () => {
    await using own = await TestStore.open();
    const process = own.process();
    const [user, other] = [await shopper({ on: process, events: 20 }), await shopper({ on: process })];
    const buckets = Array.from({ length: 64 }, (_, bucket) => bucket);
    const relay = new Outbox(process.database);
    const { events } = await relay.next(buckets, 100, soon());
    expect(events).toHaveLength(22);
    const [first] = events.filter(({ stream }) => stream === user);
    if (first) await relay.park(first, `poison: ${user}`, soon());
    await erasing(process).erase(user);
    expect(await tracesOf(user, own)).toEqual([]);
    if (first) await relay.park(first, `poison: ${user}`, soon());
    await relay.remove(
      events.filter(({ stream }) => stream === user),
      soon(),
    );
    expect(await tracesOf(user, own)).toEqual([]);
    const next = await new Outbox(process.database).next(buckets, 100, soon());
    expect(next.events.map(({ stream }) => stream)).toEqual([other, other]);
  });
});

describe('A merge', () => {
  let shop: Store;
  let merging: Shopping;
  beforeAll(async () => {
    shop = await openStore();
    merging = shopping(shop);
  });
  afterAll(() => shop[Symbol.asyncDispose]());
  const traces = (name: string) => tracesOf(name, shop);

  it('is forgotten by the guest when the user is erased, and does nothing more', async () => {
    const names = await merging.twoBaskets();
    await merging.merge(names);
    const events = await shop.eventsOf(names.user);
    const guestBefore = await shop.eventsOf(names.guest);
    expect(await traces(names.user)).not.toEqual([]);
    await erasing(shop).erase(names.user);
    expect(await traces(names.user)).toEqual([]);
    const guestAfter = await shop.eventsOf(names.guest);
    expect(guestAfter.map(({ version, type, data }) => [version, type, data])).toEqual(
      guestBefore.map(({ version, type, data }) => [version, type, data]),
    );
    expect(guestAfter.at(-1)?.causationId).toMatch(/^merge:\/erased@/);
    // A relay that had read the merge before it was erased.
    await merging.add(names.guest, {
      productId: '00000000-0000-4000-8000-000000000009',
      productName: 'Own',
      unitPrice: 1,
      quantity: 1,
    });
    await new FollowUp(null, shop.completion).after(events);
    expect(await merging.contentsOf(names.guest)).toEqual({ Own: 1 });
  });

  it('keeps the lines and loses the name of a guest who is erased, also one that was cut short', async () => {
    const names = await merging.twoBaskets();
    const dies = {
      ...shop,
      completion: Object.assign(Object.create(shop.completion) as typeof shop.completion, {
        complete: () => Promise.reject(new Error('killed')),
      }),
    };
    await expect(merging.merge(names, { on: dies })).rejects.toThrow('killed');
    expect(await merging.contentsOf(names.guest)).not.toEqual({});
    const before = await merging.contentsOf(names.user);
    await erasing(shop).erase(names.guest);
    expect(await traces(names.guest)).toEqual([]);
    await merging.relay(names.user);
    expect(await merging.contentsOf(names.user)).toEqual(before);
    expect(await merging.contentsOf(names.guest)).toBeUndefined();
    // The guest comes back, and the merge of before takes nothing.
    await shopper({ on: shop, name: names.guest });
    await merging.relay(names.user);
    expect(await merging.contentsOf(names.guest)).toEqual({ 'Field notebook': 1 });
  });

  it('that names a user after the erasure is found by erasing once more', async () => {
    const names = await merging.twoBaskets();
    await merging.merge(names);
    await erasing(shop).erase(names.guest);
    // As a merge that had read the guest before.
    await shop.query(
      `UPDATE domain_events SET event_data = jsonb_set(event_data, '{fromUserName}', to_jsonb($2::text))
       WHERE user_name = $1 AND event_type = 'BasketsMerged'`,
      [names.user, names.guest],
    );
    expect(await erasing(shop).erase(names.guest)).toBeGreaterThan(0);
    expect(await traces(names.guest)).toEqual([]);
    expect(await erasing(shop).erase(names.guest)).toBeUndefined();
    // As a merge into a user who was erased before the guest was emptied; one of the two has a name like the other's.
    const alike = `${names.user}@5`;
    for (const user of [names.user, alike]) {
      await shopper({ on: shop, name: names.guest });
      await shop.baskets.update(names.guest, remove, { causationId: `merge:${user}@7` });
    }
    expect(await erasing(shop).erase(names.user)).toBeGreaterThan(0);
    expect(naming(await dumpDatabase(shop.query), [`${names.user}@7`])).toEqual([]);
    expect(naming(await dumpDatabase(shop.query), [`merge:${alike}@7`])).toHaveLength(1);
    expect(await erasing(shop).erase(alike)).toBeGreaterThan(0);
    expect(await traces(names.user)).toEqual([]);
    for (const user of [names.user, alike]) expect(await erasing(shop).erase(user)).toBeUndefined();
  });
});

describe('An export', () => {
  it('reads a page at a time, as it is asked, and ends with what was there when it began', async () => {
    const user = await shopper({ events: 1600 });
    const read = jest.spyOn(service.events, 'read');
    const items = await erasing(service).export(user);
    expect(read).not.toHaveBeenCalled();
    for (let n = 0; n < 10; n++) await items?.next();
    expect(read).toHaveBeenCalledTimes(1);
    await service.baskets.update(user, adding(someItem()));
    const versions: number[] = [];
    for await (const { type, version } of items ?? []) if (type === 'event') versions.push(version);
    expect(versions.at(-1)).toBe(1600);
    read.mockRestore();
  });

  it('of a user who is erased meanwhile does not end as if it were whole', async () => {
    const user = await shopper({ events: 1600 });
    const items = await erasing(service).export(user);
    for (let n = 0; n < 10; n++) await items?.next();
    await erasing(service).erase(user);
    const readAll = async () => {
      for await (const _ of items ?? []);
    };
    await expect(readAll()).rejects.toThrow('The user was erased during the export.');
    expect(await erasing(service).export(user)).toBeUndefined();
  });
});

describeWith(['postgres'], 'A stream of 100,000 events', () => {
  it('is erased within a request, and holds up nobody else', async () => {
    const user = await shopper();
    await store.query(
      `INSERT INTO domain_events (user_name, version, event_id, basket_id, event_type, event_data, metadata, occurred_at)
       SELECT user_name, 2 + n, gen_random_uuid(), basket_id, event_type, event_data, metadata, occurred_at
       FROM domain_events, generate_series(1, 99998) AS n WHERE user_name = $1 AND version = 2`,
      [user],
    );
    await store.query('UPDATE basket_projections SET version = 100000 WHERE user_name = $1', [user]);
    let isOver = false;
    const waits: number[] = [];
    const others = async () => {
      while (!isOver) {
        const started = performance.now();
        await service.baskets.update(someUser(), adding(someItem()));
        waits.push(performance.now() - started);
      }
    };
    const erase = async () => {
      const started = performance.now();
      expect(await erasing(store.process()).erase(user)).toBe(100_001);
      isOver = true;
      return performance.now() - started;
    };
    const [ms] = await Promise.all([erase(), others()]);
    expect(Math.max(...waits)).toBeLessThan(1000);
    expect(ms).toBeLessThan(5000);
    expect(await tracesOf(user)).toEqual([]);
  });
});

/** The other tests' users who have come back. */
async function erasedBefore(): Promise<[string, number][]> {
  const rows = await store.query<{ user_name: string; first: number }>(
    'SELECT user_name, min(version) AS first FROM domain_events GROUP BY user_name HAVING min(version) > 1',
  );
  return rows.map(({ user_name, first }) => [user_name, first - 1]);
}
