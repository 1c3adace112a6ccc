import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { remove } from '../../src/basket/domain/decisions.js';
import { REPLACE_PROJECTION } from '../../src/basket/rebuild/statements.js';
import { StreamFold } from '../../src/basket/rebuild/stream-fold.js';
import type { StoredUser } from '../../src/basket/rebuild/stored-baskets.js';
import { adding, someItem } from '../support/items.js';
import { rebuilding } from '../support/rebuilding.js';
import type { Rebuilding } from '../support/rebuilding.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { describeWith } from '../support/servers.js';
import { TestStore } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';

jest.setTimeout(120_000);

/** In an order of the alphabet that is not that of code points. */
const USERS = ['alice', 'Bob', 'çelik', 'dora d', 'ÉMILE', 'zoë', '王', '🧺'];

let store: TestStore;
let service: StoreProcess;
let rebuild: Rebuilding;

beforeEach(async () => {
  // A busy machine is not what these tests are about.
  store = await TestStore.open({ REQUEST_DEADLINE_MS: '30000' });
  service = store.process();
  for (const user of USERS) for (let n = 0; n < 3; n++) await service.baskets.update(user, adding(someItem()));
  await service.baskets.update('Bob', remove);
  rebuild = rebuilding(store);
});
afterEach(async () => {
  await rebuild[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const differences = async (options = {}) => {
  const { projections, snapshots, users } = await rebuild.run({ check: true, ...options });
  return { projections, snapshots, users };
};
const NONE = { projections: 0, snapshots: 0, users: USERS.length };

const rows = (table: string) =>
  store.query(`SELECT *, basket::text AS json, xmin FROM ${table} ORDER BY user_name, version`);

describe('Projections that are right', () => {
  it('are left alone', async () => {
    const before = await rows('basket_projections');
    expect(await rebuild.run()).toMatchObject({ ...NONE, broken: 0, unsettled: 0, stillCached: 0, mended: [] });
    expect(await rows('basket_projections')).toEqual(before);
    expect(rebuild.uncached).toEqual([]);
  });
});

describe('A projection that is wrong', () => {
  const wrong: Readonly<Record<string, string>> = {
    'one more blank': `UPDATE basket_projections SET basket = (basket::text || ' ')::json WHERE user_name = $1`,
    'another order of members': `UPDATE basket_projections SET basket = basket::jsonb::json WHERE user_name = $1`,
    'no basket': 'UPDATE basket_projections SET basket = NULL WHERE user_name = $1',
    'another status': `UPDATE basket_projections SET status = 'deleted' WHERE user_name = $1`,
    'another basket’s id': 'UPDATE basket_projections SET basket_id = gen_random_uuid() WHERE user_name = $1',
    'another event': 'UPDATE basket_projections SET last_event_id = gen_random_uuid() WHERE user_name = $1',
    'another time': `UPDATE basket_projections SET updated_at = updated_at + interval '1 ms' WHERE user_name = $1`,
    'an older version': 'UPDATE basket_projections SET version = version - 1 WHERE user_name = $1',
    'a newer version': 'UPDATE basket_projections SET version = version + 7 WHERE user_name = $1',
    'no row': 'DELETE FROM basket_projections WHERE user_name = $1',
  };

  it.each(Object.entries(wrong))('in this is found, and mended: %s', async (_, statement) => {
    await store.query(statement, ['çelik']);
    const before = await rows('basket_projections');
    expect(await differences()).toEqual({ ...NONE, projections: 1 });
    expect(await rows('basket_projections')).toEqual(before);
    await expect(expectReplayEqualsProjection(store.source)).rejects.toThrow();

    expect(await rebuild.run()).toMatchObject({ ...NONE, projections: 1, unsettled: 0 });
    expect(await expectReplayEqualsProjection(store.source)).toBe(USERS.length);
    expect(rebuild.uncached).toEqual(['çelik']);
    expect(await differences()).toEqual(NONE);
    // And it can be written on.
    await service.baskets.update('çelik', adding(someItem()));
    await expectReplayEqualsProjection(store.source);
  });

  it('because there are no events is removed', async () => {
    await store.query(`INSERT INTO basket_projections SELECT 'nobody', basket_id, status, version, basket, last_event_id, updated_at
                       FROM basket_projections WHERE user_name = 'alice'`);
    expect(await differences()).toEqual({ ...NONE, projections: 1, users: USERS.length + 1 });
    await rebuild.run();
    expect(await differences()).toEqual(NONE);
    await expectReplayEqualsProjection(store.source);
  });

  it('is mended alone when its user is named', async () => {
    await store.query(`UPDATE basket_projections SET status = 'x'`);
    expect(await rebuild.run({}, '王')).toMatchObject({ users: 1, projections: 1 });
    expect(await differences()).toEqual({ ...NONE, projections: USERS.length - 1 });
    expect(await rebuild.run({ check: true }, 'nobody')).toMatchObject({ users: 1, projections: 0 });
  });
});

describe('A snapshot that is wrong', () => {
  beforeEach(async () => {
    const { currency: _, ...data } = someItem();
    const additions = Array.from({ length: 210 }, () => ({ type: 'BasketItemAdded' as const, data }));
    await service.baskets.update('zoë', () => additions);
    expect((await rows('basket_snapshots')).map(({ version }) => version)).toEqual([100, 200]);
  });

  it.each([
    ['with other bytes', `UPDATE basket_snapshots SET basket = (basket::text || ' ')::json WHERE version = 100`, 1],
    ['without a basket', 'UPDATE basket_snapshots SET basket = NULL', 2],
    ['of another time', `UPDATE basket_snapshots SET created_at = now() WHERE version = 200`, 1],
    ['that is not there', 'DELETE FROM basket_snapshots', 2],
    [
      'of a version that gets none',
      'INSERT INTO basket_snapshots SELECT user_name, 150, basket, created_at FROM basket_snapshots WHERE version = 100',
      1,
    ],
    [
      'of a version to come',
      'INSERT INTO basket_snapshots SELECT user_name, 300, basket, created_at FROM basket_snapshots WHERE version = 100',
      1,
    ],
    ['of nobody', `INSERT INTO basket_snapshots SELECT 'nobody', version, basket, created_at FROM basket_snapshots`, 2],
  ])('is found and mended: one %s', async (_, statement, count) => {
    const right = await store.query(
      'SELECT user_name, version, basket::text, created_at FROM basket_snapshots ORDER BY version',
    );
    await store.query(statement);
    expect(await differences()).toMatchObject({ projections: 0, snapshots: count });
    expect(await rebuild.run()).toMatchObject({ projections: 0, snapshots: count, unsettled: 0 });
    expect(await differences()).toEqual(NONE);
    expect(
      await store.query('SELECT user_name, version, basket::text, created_at FROM basket_snapshots ORDER BY version'),
    ).toEqual(right);
  });
});

describe('Events that do not follow from one another', () => {
  it('are told, and the rows are left as they are', async () => {
    await store.query(`DELETE FROM domain_events WHERE user_name = 'alice' AND version = 2`);
    await store.query(`UPDATE domain_events SET event_type = 'BasketPainted' WHERE user_name = '王' AND version = 3`);
    await store.query(`UPDATE basket_projections SET status = 'x' WHERE user_name IN ('alice', '王', 'zoë')`);
    expect(await rebuild.run()).toMatchObject({ ...NONE, projections: 1, broken: 2 });
    expect(rebuild.complaints).toEqual([
      'alice: version 3 follows 1: the events between are missing',
      '王: version 3 is a BasketPainted, which this release does not know',
    ]);
    const left = await store.query(
      `SELECT user_name FROM basket_projections WHERE status = 'x' ORDER BY user_name COLLATE "C"`,
    );
    expect(left.map(({ user_name }) => user_name)).toEqual(['alice', '王']);
  });
});

describe('A write between the reading and the mending', () => {
  const read = async (userName: string): Promise<StoredUser & { fold: StreamFold }> => {
    const user = await rebuild.baskets.read(userName);
    if (!(user?.fold instanceof StreamFold)) throw new Error('It cannot be folded.');
    return user as StoredUser & { fold: StreamFold };
  };

  it.each([
    ['a row', `UPDATE basket_projections SET status = 'x' WHERE user_name = 'alice'`],
    ['no row, as there were no events', `SELECT 1`],
  ])('to %s is not overwritten', async (kind, statement) => {
    const user = kind === 'a row' ? 'alice' : 'newcomer';
    await store.query(statement);
    const found = await read(user);
    const after = (await service.baskets.update(user, adding(someItem()))).after;
    // A newcomer's row was not there, and no event, so that it would have been taken for a stray one.
    const stray =
      kind === 'a row' ? found : { ...found, projection: { ...(await read(user)).projection, version: after.version } };
    expect(await rebuild.baskets.mendProjection(stray as StoredUser, found.fold)).toBe(false);
    const [row] = await store.query('SELECT version FROM basket_projections WHERE user_name = $1', [user]);
    expect(row).toEqual({ version: after.version });
    expect((await service.baskets.update(user, adding(someItem()))).after.version).toBe(after.version + 1);
  });

  it.each(['40P01', '40001'])('that ends a deadlock or a conflict on our side is waited for: %s', async (code) => {
    await store.query(`UPDATE basket_projections SET status = 'x' WHERE user_name = 'alice'`);
    const mendProjection = jest.spyOn(rebuild.baskets, 'mendProjection');
    mendProjection.mockRejectedValueOnce(Object.assign(new Error('gave way'), { code }));
    expect(await rebuild.run()).toMatchObject({ projections: 1, unsettled: 0 });
    expect(mendProjection).toHaveBeenCalledTimes(2);
    await expectReplayEqualsProjection(store.source);
    mendProjection.mockRejectedValueOnce(Object.assign(new Error('no space'), { code: '53100' }));
    await store.query(`UPDATE basket_projections SET status = 'x' WHERE user_name = 'alice'`);
    await expect(rebuild.run()).rejects.toThrow('no space');
  });

  it('would be overwritten without the guard', async () => {
    const { fold, projection } = await read('alice');
    await service.baskets.update('alice', adding(someItem()));
    const { basket_id, status, version, json, last_event_id, updated_at } = fold.projection ?? {};
    const { active_hour, total_items, total_price } = fold.projection ?? {};
    const unguarded = REPLACE_PROJECTION.replace('AND version = $2', 'AND $2::integer > 0').replace('> $5)', '< 0)');
    expect(unguarded).not.toBe(REPLACE_PROJECTION);
    await store.query(unguarded, [
      ...['alice', projection?.version, basket_id, status, version, json, last_event_id, updated_at],
      ...[active_hour, total_items, total_price],
    ]);
    await expect(expectReplayEqualsProjection(store.source)).rejects.toThrow();
  });

  it('from the row as it was is mended, too, once it can be there', async () => {
    const corrupt = () =>
      store.query(`UPDATE basket_projections SET basket = (basket::text || ' ')::json WHERE user_name = 'alice'`);
    await corrupt();
    let times = 0;
    const progress = await rebuild.run({
      settleMs: 50,
      uncache: async () => {
        // What a request does that had read the wrong row before.
        if (++times > 2) return true;
        await service.baskets.update('alice', adding(someItem()));
        await corrupt();
        return true;
      },
    });
    expect(progress).toMatchObject({ projections: 1, unsettled: 0 });
    expect(times).toBe(3);
    await expectReplayEqualsProjection(store.source);
  });

  it('that never ends is given up, and told', async () => {
    const corrupt = () => store.query(`UPDATE basket_projections SET status = 'x' WHERE user_name = 'alice'`);
    await corrupt();
    expect(await rebuild.run({ uncache: async () => Boolean(await corrupt()) })).toMatchObject({
      projections: 1,
      unsettled: 1,
    });
  });
});

describe('A rebuild that goes on where another was', () => {
  it('looks at no user twice, and at what was mended last once more', async () => {
    await store.query(`UPDATE basket_projections SET status = 'x'`);
    const [first] = (await store.query<{ user_name: string }>(
      'SELECT user_name FROM basket_projections ORDER BY user_name',
    )) as [{ user_name: string }];
    const { Rebuild, NO_PROGRESS } = await import('../../src/basket/rebuild/rebuild.js');
    const options = { check: false, settleMs: 0, uncache: () => Promise.resolve(true), complain: () => undefined };
    const rest = new Rebuild(rebuild.baskets, options, {
      ...NO_PROGRESS,
      after: first.user_name,
      users: 1,
      projections: 1,
    });
    for await (const _ of rest.run());
    expect(rest.progress).toMatchObject({ users: USERS.length, projections: USERS.length });
    expect(await differences()).toEqual({ ...NONE, projections: 1 });
    const again = new Rebuild(rebuild.baskets, options, {
      ...NO_PROGRESS,
      after: '\u{10ffff}',
      mended: [first.user_name],
    });
    for await (const _ of again.run());
    expect(await differences()).toEqual(NONE);
  });
});

describeWith(['postgres'], 'A rebuild under load', () => {
  it('mends what is wrong, and loses no write', async () => {
    const users = Array.from({ length: 20 }, (_, at) => `busy-${at}`);
    const written = new Map(users.map((user) => [user, new Set<string>()]));
    const processes = [store.process(), store.process()];
    let done = false;
    const writers = processes.flatMap(({ baskets }) =>
      users.map(async (user) => {
        // Each basket has two writers, and room for 500 lines.
        for (let n = 0; n < 5 || (!done && n < 200); n++) {
          const item = someItem({ quantity: 1 });
          await baskets.update(user, adding(item));
          written.get(user)?.add(item.productId);
        }
      }),
    );
    let wrongs = 0;
    const ruin = async () => {
      while (!done) {
        const values = [users[wrongs++ % users.length]];
        await setTimeout(5);
        // Where batches of two processes are in each other's way, it is at times this one that has to give way.
        await store
          .query(
            `UPDATE basket_projections SET basket = (basket::text || ' ')::json, updated_at = now() WHERE user_name = $1`,
            values,
          )
          .catch((error: unknown) => expect(error).toMatchObject({ code: '40P01' }));
      }
    };
    const ruining = ruin();
    let mended = 0;
    // How many that are depends on the machine.
    for (const end = performance.now() + 15_000; mended < 20 && performance.now() < end;)
      mended += (await rebuild.run({ settleMs: 20 })).projections;
    done = true;
    await Promise.all([...writers, ruining]);
    expect(mended).toBeGreaterThan(0);
    await rebuild.run();
    expect(await expectReplayEqualsProjection(store.source)).toBe(USERS.length + users.length);
    for (const user of users) {
      const { json } = await service.baskets.find(user);
      const { items } = JSON.parse(json?.toString() ?? '{}') as { items: { productId: string }[] };
      const there = new Set(items.map(({ productId }) => productId));
      expect([...(written.get(user) ?? [])].filter((id) => !there.has(id))).toEqual([]);
    }
  });
});
