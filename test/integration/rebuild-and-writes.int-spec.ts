import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { REPLACE_PROJECTION } from '../../src/basket/rebuild/statements.js';
import { StreamFold } from '../../src/basket/rebuild/stream-fold.js';
import type { StoredUser } from '../../src/basket/rebuild/stored-baskets.js';
import { adding, someItem } from '../support/items.js';
import { USERS, rebuildForEach } from '../support/rebuilding.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { describeWith } from '../support/servers.js';

jest.setTimeout(120_000);

const its = rebuildForEach();

describe('A write between the reading and the mending', () => {
  const read = async (userName: string): Promise<StoredUser & { fold: StreamFold }> => {
    const user = await its.rebuild.baskets.read(userName);
    if (!(user?.fold instanceof StreamFold)) throw new Error('It cannot be folded.');
    return user as StoredUser & { fold: StreamFold };
  };

  it.each([
    ['a row', `UPDATE basket_projections SET status = 'x' WHERE user_name = 'alice'`],
    ['no row, as there were no events', `SELECT 1`],
  ])('to %s is not overwritten', async (kind, statement) => {
    const user = kind === 'a row' ? 'alice' : 'newcomer';
    await its.store.query(statement);
    const found = await read(user);
    const after = (await its.service.baskets.update(user, adding(someItem()))).after;
    // A newcomer's row was not there, and no event, so that it would have been taken for a stray one.
    const stray =
      kind === 'a row' ? found : { ...found, projection: { ...(await read(user)).projection, version: after.version } };
    expect(await its.rebuild.baskets.mendProjection(stray as StoredUser, found.fold)).toBe(false);
    const [row] = await its.store.query('SELECT version FROM basket_projections WHERE user_name = $1', [user]);
    expect(row).toEqual({ version: after.version });
    expect((await its.service.baskets.update(user, adding(someItem()))).after.version).toBe(after.version + 1);
  });

  it.each(['40P01', '40001'])('that ends a deadlock or a conflict on our side is waited for: %s', async (code) => {
    await its.store.query(`UPDATE basket_projections SET status = 'x' WHERE user_name = 'alice'`);
    const mendProjection = jest.spyOn(its.rebuild.baskets, 'mendProjection');
    mendProjection.mockRejectedValueOnce(Object.assign(new Error('gave way'), { code }));
    expect(await its.rebuild.run()).toMatchObject({ projections: 1, unsettled: 0 });
    expect(mendProjection).toHaveBeenCalledTimes(2);
    await expectReplayEqualsProjection(its.store.source);
    mendProjection.mockRejectedValueOnce(Object.assign(new Error('no space'), { code: '53100' }));
    await its.store.query(`UPDATE basket_projections SET status = 'x' WHERE user_name = 'alice'`);
    await expect(its.rebuild.run()).rejects.toThrow('no space');
  });

  it('would be overwritten without the guard', async () => {
    const { fold, projection } = await read('alice');
    await its.service.baskets.update('alice', adding(someItem()));
    const { basket_id, status, version, json, last_event_id, updated_at } = fold.projection ?? {};
    const { active_hour, total_items, total_price } = fold.projection ?? {};
    const unguarded = REPLACE_PROJECTION.replace('AND version = $2', 'AND $2::integer > 0').replace('> $5)', '< 0)');
    expect(unguarded).not.toBe(REPLACE_PROJECTION);
    await its.store.query(unguarded, [
      ...['alice', projection?.version, basket_id, status, version, json, last_event_id, updated_at],
      ...[active_hour, total_items, total_price],
    ]);
    await expect(expectReplayEqualsProjection(its.store.source)).rejects.toThrow();
  });

  it('from the row as it was is mended, too, once it can be there', async () => {
    const corrupt = () =>
      its.store.query(`UPDATE basket_projections SET basket = (basket::text || ' ')::json WHERE user_name = 'alice'`);
    await corrupt();
    let times = 0;
    const progress = await its.rebuild.run({
      settleMs: 50,
      uncache: async () => {
        // What a request does that had read the wrong row before.
        if (++times > 2) return true;
        await its.service.baskets.update('alice', adding(someItem()));
        await corrupt();
        return true;
      },
    });
    expect(progress).toMatchObject({ projections: 1, unsettled: 0 });
    expect(times).toBe(3);
    await expectReplayEqualsProjection(its.store.source);
  });

  it('that never ends is given up, and told', async () => {
    const corrupt = () => its.store.query(`UPDATE basket_projections SET status = 'x' WHERE user_name = 'alice'`);
    await corrupt();
    expect(await its.rebuild.run({ uncache: async () => Boolean(await corrupt()) })).toMatchObject({
      projections: 1,
      unsettled: 1,
    });
  });
});

describeWith(['postgres'], 'A rebuild under load', () => {
  it('mends what is wrong, and loses no write', async () => {
    const users = Array.from({ length: 8 }, (_, at) => `busy-${at}`);
    const written = new Map(users.map((user) => [user, new Set<string>()]));
    const processes = [its.store.process(), its.store.process()];
    let done = false;
    const writers = processes.flatMap(({ baskets }) =>
      users.map(async (user) => {
        // Each basket has two writers, and room for 500 lines.
        for (let n = 0; n < 5 || (!done && n < 100); n++) {
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
        await its.store
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
    for (const end = performance.now() + 15_000; mended < 5 && performance.now() < end;)
      mended += (await its.rebuild.run({ settleMs: 20 })).projections;
    done = true;
    await Promise.all([...writers, ruining]);
    expect(mended).toBeGreaterThan(0);
    await its.rebuild.run();
    expect(await expectReplayEqualsProjection(its.store.source)).toBe(USERS.length + users.length);
    for (const user of users) {
      const { json } = await its.service.baskets.find(user);
      const { items } = JSON.parse(json?.toString() ?? '{}') as { items: { productId: string }[] };
      const there = new Set(items.map(({ productId }) => productId));
      expect([...(written.get(user) ?? [])].filter((id) => !there.has(id))).toEqual([]);
    }
  });
});
