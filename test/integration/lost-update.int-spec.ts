import { fromDocument } from '../../src/basket/basket-document.js';
import type { Database } from '../../src/database/database.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { someUser } from '../support/app.js';
import { adding, productsOf, someItem } from '../support/items.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { StartingLine } from '../support/starting-line.js';
import { TestStore, eventStore } from '../support/store.js';
import { unguarded } from '../support/unguarded-store.js';

const ADDITIONS = 64;

/** Two processes put 64 products into one basket at once. @returns what of them is not in the basket afterwards */
async function race(store: TestStore, events: (database: Database) => EventStore) {
  const user = someUser();
  await store.process().baskets.update(user, adding(someItem()));
  const line = new StartingLine(2);
  const start = () => store.process((database) => line.hold(events(database)));
  const [one, other] = [start(), start()];
  const items = Array.from({ length: ADDITIONS }, () => someItem());
  const updates = await Promise.all(
    items.map((item, at) => (at % 2 === 0 ? one : other).baskets.update(user, adding(item))),
  );
  const basket = fromDocument(user, await one.baskets.find(user));
  const there = productsOf(basket);
  expect(new Set(there).size).toBe(there.length);
  const lost = items.filter(({ productId }) => !there.includes(productId));
  return { lost, basket, versions: updates.map(({ after }) => after.version) };
}

describe('Concurrent additions to one basket', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await TestStore.open();
  });
  afterEach(() => store[Symbol.asyncDispose]());

  /** The keys of the events and of their pointers: two events of one version do not pass. */
  const dropKeys = async () => {
    for (const table of ['domain_events', 'outbox', 'basket_snapshots'])
      await store.query(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`);
  };

  it('are all in it exactly once', async () => {
    const { lost, basket, versions } = await race(store, eventStore);
    expect(lost).toEqual([]);
    expect(basket.version).toBe(2 + ADDITIONS);
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: ADDITIONS }, (_, at) => 3 + at));
    expect(await expectReplayEqualsProjection(store.source)).toBe(1);
  });

  it('are all in it by the version of the projection alone', async () => {
    await dropKeys();
    expect((await race(store, eventStore)).lost).toEqual([]);
    await expectReplayEqualsProjection(store.source);
  });

  it('are all in it by the key of the events alone', async () => {
    expect((await race(store, unguarded)).lost).toEqual([]);
    await expectReplayEqualsProjection(store.source);
  });

  it('get lost without both, which shows that this race is one', async () => {
    await dropKeys();
    expect((await race(store, unguarded)).lost).not.toEqual([]);
    await expect(expectReplayEqualsProjection(store.source)).rejects.toThrow();
  });
});
