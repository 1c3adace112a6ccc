import { jest } from '@jest/globals';
import { adding, someItem } from '../support/items.js';
import { USERS, rebuildForEach } from '../support/rebuilding.js';
import { expectReplayEqualsProjection } from '../support/replay.js';

jest.setTimeout(120_000);

const its = rebuildForEach();

const differences = async (options = {}) => {
  const { projections, snapshots, users } = await its.rebuild.run({ check: true, ...options });
  return { projections, snapshots, users };
};
const NONE = { projections: 0, snapshots: 0, users: USERS.length };

const rows = (table: string) =>
  its.store.query(`SELECT *, basket::text AS json, xmin FROM ${table} ORDER BY user_name, version`);

describe('Projections that are right', () => {
  it('are left alone', async () => {
    const before = await rows('basket_projections');
    expect(await its.rebuild.run()).toMatchObject({ ...NONE, broken: 0, unsettled: 0, stillCached: 0, mended: [] });
    expect(await rows('basket_projections')).toEqual(before);
    expect(its.rebuild.uncached).toEqual([]);
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
    await its.store.query(statement, ['çelik']);
    const before = await rows('basket_projections');
    expect(await differences()).toEqual({ ...NONE, projections: 1 });
    expect(await rows('basket_projections')).toEqual(before);
    await expect(expectReplayEqualsProjection(its.store.source)).rejects.toThrow();

    expect(await its.rebuild.run()).toMatchObject({ ...NONE, projections: 1, unsettled: 0 });
    expect(await expectReplayEqualsProjection(its.store.source)).toBe(USERS.length);
    expect(its.rebuild.uncached).toEqual(['çelik']);
    expect(await differences()).toEqual(NONE);
    // And it can be written on.
    await its.service.baskets.update('çelik', adding(someItem()));
    await expectReplayEqualsProjection(its.store.source);
  });

  it('because there are no events is removed', async () => {
    await its.store
      .query(`INSERT INTO basket_projections SELECT 'nobody', basket_id, status, version, basket, last_event_id, updated_at
                       FROM basket_projections WHERE user_name = 'alice'`);
    expect(await differences()).toEqual({ ...NONE, projections: 1, users: USERS.length + 1 });
    await its.rebuild.run();
    expect(await differences()).toEqual(NONE);
    await expectReplayEqualsProjection(its.store.source);
  });

  it('is mended alone when its user is named', async () => {
    await its.store.query(`UPDATE basket_projections SET status = 'x'`);
    expect(await its.rebuild.run({}, '王')).toMatchObject({ users: 1, projections: 1 });
    expect(await differences()).toEqual({ ...NONE, projections: USERS.length - 1 });
    expect(await its.rebuild.run({ check: true }, 'nobody')).toMatchObject({ users: 1, projections: 0 });
  });
});

describe('A snapshot that is wrong', () => {
  beforeEach(async () => {
    const { currency: _, ...data } = someItem();
    const additions = Array.from({ length: 210 }, () => ({ type: 'BasketItemAdded' as const, data }));
    await its.service.baskets.update('zoë', () => additions);
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
    const right = await its.store.query(
      'SELECT user_name, version, basket::text, created_at FROM basket_snapshots ORDER BY version',
    );
    await its.store.query(statement);
    expect(await differences()).toMatchObject({ projections: 0, snapshots: count });
    expect(await its.rebuild.run()).toMatchObject({ projections: 0, snapshots: count, unsettled: 0 });
    expect(await differences()).toEqual(NONE);
    expect(
      await its.store.query(
        'SELECT user_name, version, basket::text, created_at FROM basket_snapshots ORDER BY version',
      ),
    ).toEqual(right);
  });
});

describe('Events that do not follow from one another', () => {
  it('are told, and the rows are left as they are', async () => {
    await its.store.query(`DELETE FROM domain_events WHERE user_name = 'alice' AND version = 2`);
    await its.store.query(
      `UPDATE domain_events SET event_type = 'BasketPainted' WHERE user_name = '王' AND version = 3`,
    );
    await its.store.query(`UPDATE basket_projections SET status = 'x' WHERE user_name IN ('alice', '王', 'zoë')`);
    expect(await its.rebuild.run()).toMatchObject({ ...NONE, projections: 1, broken: 2 });
    expect(its.rebuild.complaints).toEqual([
      'alice: version 3 follows 1: the events between are missing',
      '王: version 3 is a BasketPainted, which this release does not know',
    ]);
    const left = await its.store.query(
      `SELECT user_name FROM basket_projections WHERE status = 'x' ORDER BY user_name COLLATE "C"`,
    );
    expect(left.map(({ user_name }) => user_name)).toEqual(['alice', '王']);
  });
});

describe('A rebuild that goes on where another was', () => {
  it('looks at no user twice, and at what was mended last once more', async () => {
    await its.store.query(`UPDATE basket_projections SET status = 'x'`);
    const [first] = (await its.store.query<{ user_name: string }>(
      'SELECT user_name FROM basket_projections ORDER BY user_name',
    )) as [{ user_name: string }];
    const { Rebuild, NO_PROGRESS } = await import('../../src/basket/rebuild/rebuild.js');
    const options = { check: false, settleMs: 0, uncache: () => Promise.resolve(true), complain: () => undefined };
    const rest = new Rebuild(its.rebuild.baskets, options, {
      ...NO_PROGRESS,
      after: first.user_name,
      users: 1,
      projections: 1,
    });
    for await (const _ of rest.run());
    expect(rest.progress).toMatchObject({ users: USERS.length, projections: USERS.length });
    expect(await differences()).toEqual({ ...NONE, projections: 1 });
    const again = new Rebuild(its.rebuild.baskets, options, {
      ...NO_PROGRESS,
      after: '\u{10ffff}',
      mended: [first.user_name],
    });
    for await (const _ of again.run());
    expect(await differences()).toEqual(NONE);
  });
});
