import { IdleBaskets } from '../../src/basket/persistence/idle-baskets.js';
import { updateQuantity } from '../../src/basket/domain/decisions.js';
import type { Database, Statement } from '../../src/database/database.js';
import { someUser } from '../support/app.js';
import { at } from '../support/at.js';
import { adding, limits, someItem } from '../support/items.js';
import { TestStore, soon } from '../support/store.js';

const BASKETS = 8000;
/** Idle for days; half of them have nothing in them. */
const IDLE = 1600;
const BATCH = 100;
/** Index and table, for a batch: a few pages of the one, and a page a row of the other. */
const FEW_PAGES = 2 * BATCH;

interface Plan {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Actual Rows': number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

describe('A batch of idle baskets', () => {
  let store: TestStore;
  let database: Database;

  beforeAll(async () => {
    store = await TestStore.open();
    ({ database } = store.process());
    // Each has the width of a basket of some lines. The hours run from one to the number of baskets.
    await store.query(
      `INSERT INTO basket_projections
         (user_name, basket_id, status, version, basket, last_event_id, updated_at, active_hour)
       SELECT 'user-' || n, gen_random_uuid(), 'active', 2, json_build_object('padding', repeat('x', 1500)),
              gen_random_uuid(), changed_at, CASE WHEN n % 2 = 0 THEN date_trunc('hour', changed_at, 'UTC') END
       FROM generate_series(1, $1::integer) AS n,
            LATERAL (SELECT now() - interval '1 hour' * CASE WHEN n <= $2 THEN 48 + n ELSE n % 20 END) AS made (changed_at)`,
      [BASKETS, IDLE],
    );
    await store.query('VACUUM ANALYZE basket_projections');
  });
  afterAll(() => store[Symbol.asyncDispose]());

  const since = () => new Date(Date.now() - 24 * 3_600_000).toISOString();

  /** The statement as it is sent, and its plan when it is run. */
  const explain = async () => {
    const sent: { statement: Statement; values: unknown[] }[] = [];
    const query: Database['query'] = (statement, values, deadline) => {
      sent.push({ statement, values });
      return database.query(statement, values, deadline);
    };
    const observed = Object.create(database, { query: { value: query } }) as Database;
    const baskets = await new IdleBaskets(observed).next(since(), undefined, BATCH, soon());
    expect(sent).toHaveLength(1);
    const { statement, values } = sent[0] as (typeof sent)[number];
    const [row] = await store.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${statement.text}`,
      values,
    );
    const plan = row?.['QUERY PLAN'][0].Plan as Plan;
    return { baskets, nodes: nodesOf(plan), pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'] };
  };

  it('comes from the index, the one idle for longest first, and reads nothing else', async () => {
    const { baskets, nodes, pages } = await explain();
    expect(baskets.map(({ userName }) => userName)).toEqual(
      Array.from({ length: BATCH }, (_, n) => `user-${IDLE - 2 * n}`),
    );
    expect(nodes.map((node) => node['Node Type'])).toEqual(['Limit', 'Index Scan']);
    expect(nodes[1]).toMatchObject({ 'Index Name': 'basket_projections_active', 'Actual Rows': BATCH });
    expect(nodes[1]?.['Rows Removed by Filter'] ?? 0).toBe(0);
    expect(pages).toBeLessThan(FEW_PAGES);
  });

  it('goes on behind the last one, to the end', async () => {
    const idle = new IdleBaskets(database);
    const first = await idle.next(since(), undefined, BATCH, soon());
    const second = await idle.next(since(), first.at(-1), IDLE, soon());
    const third = await idle.next(since(), second.at(-1), BATCH, soon());
    expect([first, second, third].map(({ length }) => length)).toEqual([BATCH, IDLE / 2 - BATCH, 0]);
    expect(new Set([...first, ...second].map(({ userName }) => userName)).size).toBe(IDLE / 2);
    expect([...first, ...second].every(({ isIdle }) => isIdle)).toBe(true);
  });

  it('tells of those of the last hour whether they are idle', async () => {
    const times = { idle: '2001-11-23T12:30:00.000Z', busy: '2001-11-23T12:30:00.001Z', later: '2001-11-23T13:00:00Z' };
    for (const [name, time] of Object.entries(times))
      await store.query(
        `INSERT INTO basket_projections
         VALUES ($1, gen_random_uuid(), 'active', 2, '{}', gen_random_uuid(), $2, date_trunc('hour', $2::timestamptz, 'UTC'))`,
        [name, time],
      );
    const found = await new IdleBaskets(database).next('2001-11-23T12:30:00.000Z', undefined, BATCH, soon());
    expect(found.map(({ userName, isIdle }) => [userName, isIdle])).toEqual([
      ['busy', false],
      ['idle', true],
    ]);
  });

  it('would be looked for in the whole table without the index', async () => {
    await store.query('DROP INDEX basket_projections_active');
    const { nodes, pages } = await explain();
    expect(nodes.map((node) => node['Node Type'])).toContain('Seq Scan');
    expect(pages).toBeGreaterThan(5 * FEW_PAGES);
  });
});

describe('Writes of a basket', () => {
  const WRITES = 40;

  /** How many of its updates stay off the indexes (HOT): within an hour, a second apart. */
  const hotUpdates = async (store: TestStore) => {
    const { baskets } = store.process();
    const user = someUser();
    const item = someItem();
    await baskets.update(user, adding(item));
    await store.query('SELECT pg_stat_force_next_flush()');
    const updates = async () => {
      const [row] = await store.query<{ updated: string; hot: string }>(
        `SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'basket_projections'`,
      );
      return { updated: Number(row?.updated), hot: Number(row?.hot) };
    };
    const before = await updates();
    for (let n = 1; n <= WRITES; n++)
      await at(new Date(Date.UTC(2099, 0, 1, 9, 0, n)).toISOString(), () =>
        baskets.update(user, (basket) => updateQuantity(basket, { ...item, quantity: n + 1 }, limits)),
      );
    await store.query('SELECT pg_stat_force_next_flush()');
    const after = await updates();
    expect(after.updated - before.updated).toBe(WRITES);
    return after.hot - before.hot;
  };

  it('stay off all indexes within an hour', async () => {
    // One connection, whose statistics are there when it has told them.
    await using store = await TestStore.open({ DATABASE_POOL_SIZE: '1' });
    // An update goes elsewhere when its page is full, which depends on what has been cleaned up there.
    expect(await hotUpdates(store)).toBeGreaterThan(WRITES / 2);
  });

  it('would each be written to all of them if the time of the change were indexed', async () => {
    await using store = await TestStore.open({ DATABASE_POOL_SIZE: '1' });
    await store.query("CREATE INDEX by_time ON basket_projections (updated_at) WHERE status = 'active'");
    expect(await hotUpdates(store)).toBe(0);
  });
});
