import { jest } from '@jest/globals';
import type { Append } from '../../src/event-store/append.js';
import { someUser } from '../support/app.js';
import { someAppend } from '../support/appends.js';
import { fromDocument } from '../../src/basket/basket-document.js';
import { isOpen } from '../../src/basket/domain/basket.js';
import { adding, someItem } from '../support/items.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { TestStore, soon } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';

const BASKETS = 40;

describe('Appends of one moment', () => {
  let store: TestStore;
  let one: StoreProcess;
  let other: StoreProcess;

  beforeEach(async () => {
    store = await TestStore.open();
    one = store.process();
    other = store.process();
  });
  afterEach(() => store[Symbol.asyncDispose]());

  const users = () => Array.from({ length: BASKETS }, () => someUser());
  const append = (appends: readonly Append[]) =>
    Promise.allSettled(appends.map((each) => one.events.append(each, soon())));
  const versions = async (names: readonly string[]) =>
    await Promise.all(names.map(async (name) => (await one.baskets.find(name)).version));
  const eventsOf = async (user: string) => (await one.events.read(user, 0, 100, soon())).map(({ version }) => version);

  it('share statements, and each basket has its own events and answer', async () => {
    const names = users();
    const spy = jest.spyOn(one.database, 'query');
    const updates = await Promise.all(names.map((name) => one.baskets.update(name, adding(someItem()))));
    expect(spy.mock.calls.length).toBeLessThan(BASKETS / 4);
    spy.mockRestore();
    for (const [at, { after }] of updates.entries()) {
      expect(after.userName).toBe(names[at]);
      expect(fromDocument(after.userName, await one.baskets.find(after.userName))).toEqual(after);
    }
    expect(await expectReplayEqualsProjection(store.source)).toBe(BASKETS);
  });

  it('are each refused by their own version alone', async () => {
    const names = users();
    await append(names.filter((_, at) => at % 3 === 1).map((name) => someAppend(name, 0)));
    const outcomes = await append(names.map((name) => someAppend(name, 0)));
    expect(outcomes).toEqual(names.map((_, at) => ({ status: 'fulfilled', value: at % 3 !== 1 })));
    expect(await versions(names)).toEqual(names.map(() => 1));
  });

  it('write nothing of the one that was refused: no event, no pointer, no snapshot', async () => {
    const [stale = '', ...names] = users();
    await append([someAppend(stale, 0)]);
    const snapshots = [{ version: 1, json: '{}' }];
    await append([...names, stale].map((name) => someAppend(name, name === stale ? 7 : 0, { snapshots })));
    for (const table of ['domain_events', 'outbox'])
      expect(await store.query(`SELECT version FROM ${table} WHERE user_name = $1`, [stale])).toEqual([{ version: 1 }]);
    expect(await store.query('SELECT user_name FROM basket_snapshots ORDER BY 1')).toEqual(
      names.toSorted((a, b) => (a < b ? -1 : 1)).map((user_name) => ({ user_name })),
    );
  });

  it('are stored although one of them cannot be, which alone is told so', async () => {
    const names = users();
    const poisoned = names[7] ?? '';
    const updates = await Promise.allSettled(
      names.map((name) =>
        one.baskets.update(name, adding(someItem(name === poisoned ? { productName: 'a\u0000b' } : {}))),
      ),
    );
    expect(updates.flatMap(({ status }, at) => (status === 'rejected' ? [names[at]] : []))).toEqual([poisoned]);
    expect(await versions(names)).toEqual(names.map((name) => (name === poisoned ? 0 : 2)));
    expect(await expectReplayEqualsProjection(store.source)).toBe(BASKETS - 1);
  });

  it('take effect once for each identity, repeated later or at the same moment in another process', async () => {
    const names = users();
    const repeated = names[3] ?? '';
    const identities = [{ commandId: 'key' }, { causationId: 'cause' }];
    for (const [at, identity] of identities.entries()) {
      await append([someAppend(repeated, at, identity)]);
      const outcomes = await append(names.map((name) => someAppend(name, name === repeated ? at + 1 : at, identity)));
      expect(outcomes).toEqual(names.map((name) => ({ status: 'fulfilled', value: name !== repeated })));
    }
    const user = someUser();
    const both = await Promise.all(
      [one, other].map(({ events }, at) =>
        events.append(someAppend(user, 0, { commandId: 'key', count: 1 + at }), soon()),
      ),
    );
    expect(both.toSorted()).toEqual([false, true]);
    expect((await eventsOf(user)).length).toBe(both[0] ? 1 : 2);
  });

  it('to one basket are one row of the statement, each under its own key, whatever is in that', async () => {
    const user = someUser();
    const spy = jest.spyOn(one.database, 'query');
    const keys = ['plain', 'a"b', 'c\\d', '{e,f}', "g'h", ' ', 'NULL', 'é'];
    const write = (id: string) =>
      one.baskets.update(user, adding(someItem()), { command: { id, fingerprint: `print of ${id}` } });
    const first = one.baskets.update(user, adding(someItem()));
    const updates = await Promise.all(keys.map(write));
    await first;
    const statements = spy.mock.calls.filter(([{ name }]) => name.startsWith('append'));
    expect(statements).toHaveLength(2);
    spy.mockRestore();
    expect(updates.map(({ after }) => after.version)).toEqual(keys.map((_, at) => 3 + at));
    const stored = await store.query<{ command_id: string; version: number }>(
      'SELECT command_id, version FROM domain_events WHERE user_name = $1 AND command_id IS NOT NULL ORDER BY version',
      [user],
    );
    expect(stored).toEqual(keys.map((command_id, at) => ({ command_id, version: 3 + at })));
    const again = await Promise.all(keys.map(write));
    expect(again.map(({ replayed, after }) => [replayed, after.version])).toEqual(
      updates.map(({ after }) => [true, after.version]),
    );
    expect(await expectReplayEqualsProjection(store.source)).toBe(1);
  });

  it('to one basket are stored although one of them cannot be, which alone is told so', async () => {
    const user = someUser();
    const writes = Array.from({ length: 9 }, (_, at) =>
      one.baskets.update(user, adding(someItem(at === 5 ? { productName: 'a\u0000b' } : {}))),
    );
    const results = await Promise.allSettled(writes);
    expect(results.map(({ status }) => status)).toEqual(writes.map((_, at) => (at === 5 ? 'rejected' : 'fulfilled')));
    expect(await versions([user])).toEqual([9]);
    expect(await expectReplayEqualsProjection(store.source)).toBe(1);
  });

  it('to one basket of two processes all take effect once', async () => {
    const user = someUser();
    const item = someItem();
    const write = ({ baskets }: StoreProcess) =>
      Promise.all(Array.from({ length: 200 }, () => baskets.update(user, adding(item))));
    const updates = (await Promise.all([write(one), write(other)])).flat();
    const basket = fromDocument(user, await one.baskets.find(user));
    expect(isOpen(basket) && basket.lines[0]?.quantity).toBe(400 * item.quantity);
    const told = updates.map(({ after }) => after.version).sort((a, b) => a - b);
    expect(told).toEqual(Array.from({ length: 400 }, (_, at) => at + 2));
    expect(await expectReplayEqualsProjection(store.source)).toBe(1);
  });

  it('of two processes to the same baskets in opposite order all take effect, and none waits for a deadlock to be ended', async () => {
    const names = Array.from({ length: 3 * BASKETS }, () => someUser());
    const item = someItem();
    // The embedded server has one session: nobody waits for anybody.
    const rounds = store.source.embedded ? 2 : 20;
    // Of a small table PostgreSQL would read all rows, in the order in which they lie there, and lock them as they come.
    await append(Array.from({ length: 3000 }, () => someAppend(someUser('other'), 0)));
    await store.query('ANALYZE basket_projections');
    const refusals: unknown[] = [];
    for (const { database } of [one, other]) {
      const query = database.query.bind(database);
      jest.spyOn(database, 'query').mockImplementation(async (...args) => {
        return await query(...args).catch((error: unknown) => {
          refusals.push((error as Error).cause);
          throw error;
        });
      });
    }
    const write = ({ baskets }: StoreProcess, order: readonly string[]) =>
      Promise.all(order.map((name) => baskets.update(name, adding(item))));
    // Together each time: what is locked in opposite orders must be locked at the same moment.
    for (let round = 0; round < rounds; round++)
      await Promise.all([write(one, names), write(other, names.toReversed())]);
    expect(refusals).toEqual([]);
    for (const table of ['domain_events', 'basket_projections'])
      await store.query(`DELETE FROM ${table} WHERE user_name LIKE 'other%'`);
    for (const name of names) {
      const basket = fromDocument(name, await one.baskets.find(name));
      expect(isOpen(basket) && basket.lines[0]?.quantity).toBe(2 * rounds * item.quantity);
    }
    expect(await expectReplayEqualsProjection(store.source)).toBe(names.length);
  });
});
