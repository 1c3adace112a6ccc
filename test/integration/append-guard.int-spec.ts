import { jest } from '@jest/globals';
import { BasketError } from '../../src/basket/domain/basket.errors.js';
import { isOpen, lineOf } from '../../src/basket/domain/basket.js';
import { clear, remove, removeItem, replaceBasket, updateQuantity } from '../../src/basket/domain/decisions.js';
import { fromDocument } from '../../src/basket/basket-document.js';

import type { Append } from '../../src/event-store/append.js';
import { someUser } from '../support/app.js';
import { adding, limits, productsOf, someItem } from '../support/items.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { StartingLine } from '../support/starting-line.js';
import { TestStore, eventStore } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';

const soon = () => performance.now() + 10_000;

describe('The append guard', () => {
  let store: TestStore;
  let first: StoreProcess;

  beforeAll(async () => {
    store = await TestStore.open();
    first = store.process();
  });
  afterAll(() => store[Symbol.asyncDispose]());
  afterEach(async () => {
    expect(await expectReplayEqualsProjection(store.source)).toBeGreaterThan(0);
  });

  const stored = async () => [
    await store.query('SELECT * FROM domain_events ORDER BY user_name, version'),
    await store.query('SELECT *, basket::text FROM basket_projections ORDER BY user_name'),
  ];

  /** What a write would have sent to the store. */
  const captured = async (write: () => Promise<unknown>): Promise<Append> => {
    const spy = jest.spyOn(first.events, 'append');
    try {
      await write();
      const [call] = spy.mock.calls;
      if (!call) throw new Error('Nothing was appended.');
      return call[0];
    } finally {
      spy.mockRestore();
    }
  };

  it.each([2, 20])('lets one of %i writers at the same version through, and the others after it', async (count) => {
    const user = someUser();
    const line = new StartingLine(count);
    const items = Array.from({ length: count }, () => someItem());
    await first.baskets.update(user, adding(someItem()));
    const writers = items.map((item) => ({
      item,
      ...store.process((database) => line.hold(eventStore(database))),
    }));

    const updates = await Promise.all(writers.map(({ item, baskets }) => baskets.update(user, adding(item))));

    expect(line.outcomes.filter((outcome) => outcome)).toHaveLength(1);
    expect(line.outcomes).toHaveLength(count);
    expect(updates.map(({ after }) => after.version).sort((a, b) => a - b)).toEqual(items.map((_, at) => at + 3));
    const basket = fromDocument(user, await first.baskets.find(user));
    expect(productsOf(basket)).toEqual(expect.arrayContaining(items.map(({ productId }) => productId)));
    expect(productsOf(basket)).toHaveLength(count + 1);
  });

  it.each([2, 20])('lets one of %i writers open the basket of a new user', async (count) => {
    const user = someUser();
    const line = new StartingLine(count);
    const items = Array.from({ length: count }, () => someItem());
    const writers = items.map((item) => ({
      item,
      ...store.process((database) => line.hold(eventStore(database))),
    }));

    await Promise.all(writers.map(({ item, baskets }) => baskets.update(user, adding(item))));

    expect(line.outcomes.filter((outcome) => outcome)).toHaveLength(1);
    expect(line.outcomes).toHaveLength(count);
    const events = await store.query<{ event_type: string }>(
      'SELECT event_type FROM domain_events WHERE user_name = $1 ORDER BY version',
      [user],
    );
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'BasketCreated',
      ...items.map(() => 'BasketItemAdded'),
    ]);
    const basket = fromDocument(user, await first.baskets.find(user));
    expect(productsOf(basket).sort()).toEqual(items.map(({ productId }) => productId).sort());
  });

  it('refuses all but one of the writers that demand the same version', async () => {
    const user = someUser();
    const second = store.process();
    const { after } = await first.baskets.update(user, adding(someItem()));
    const options = { precondition: { match: [after.version] } };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, at) =>
        (at % 2 === 0 ? first : second).baskets.update(user, adding(someItem()), options),
      ),
    );
    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refusals.map(({ reason }) => (reason as BasketError).code)).toEqual(Array(9).fill('version-mismatch'));
    expect((await first.baskets.find(user)).version).toBe(after.version + 1);
  });

  it('writes nothing when the stream is not at the expected version', async () => {
    const user = someUser();
    const creation = await captured(() => first.baskets.update(user, adding(someItem())));
    const addition = await captured(() => first.baskets.update(user, adding(someItem())));
    await first.baskets.update(user, adding(someItem()));
    const before = await stored();

    expect(await first.events.append(creation, soon())).toBe(false);
    expect(await first.events.append(addition, soon())).toBe(false);
    expect(await stored()).toEqual(before);
  });

  it('takes the projection back when an event of that version is there already', async () => {
    const user = someUser();
    const creation = await captured(() => first.baskets.update(user, adding(someItem())));
    const [row] = await store.query('DELETE FROM basket_projections WHERE user_name = $1 RETURNING *', [user]).then(
      // TypeORM answers a DELETE with its rows and their count.
      ([rows]) => rows as unknown as Record<string, unknown>[],
    );
    const before = await stored();

    expect(await first.events.append(creation, soon())).toBe(false);
    expect(await stored()).toEqual(before);
    const sleepless = jest.spyOn(Math, 'random').mockReturnValue(0);
    await expect(first.baskets.update(user, adding(someItem()))).rejects.toMatchObject({ code: 'conflict' });
    sleepless.mockRestore();
    expect(await stored()).toEqual(before);
    const names = Object.keys(row ?? {});
    await store.query(
      `INSERT INTO basket_projections (${names.join(', ')}) VALUES (${names.map((_, at) => `$${at + 1}`).join(', ')})`,
      Object.values(row ?? {}),
    );
  });

  it.each([
    ['domain_events', `event_type <> 'BasketCleared'`],
    ['basket_projections', `basket IS NULL OR json_array_length(basket->'items') > 0`],
  ])('writes neither events nor projection when %s refuses its part', async (table, condition) => {
    const user = someUser();
    await first.baskets.update(user, adding(someItem()));
    const before = await stored();
    await store.query(`ALTER TABLE ${table} ADD CONSTRAINT broken CHECK (${condition}) NOT VALID`);
    try {
      await expect(first.baskets.update(user, clear)).rejects.toThrow('broken');
      expect(await stored()).toEqual(before);
    } finally {
      await store.query(`ALTER TABLE ${table} DROP CONSTRAINT broken`);
    }
    expect((await first.baskets.update(user, clear)).after.version).toBe(3);
  });

  it('writes neither the first nor the second of two events when the second cannot be stored', async () => {
    const before = await stored();
    // jsonb holds no NUL, which the projection's json would take.
    const write = first.baskets.update(someUser(), adding(someItem({ productName: 'a\u0000b' })));
    await expect(write).rejects.toThrow('unsupported Unicode escape sequence');
    expect(await stored()).toEqual(before);
  });

  it('counts on across clear, delete and a new basket', async () => {
    const user = someUser();
    const [a, b] = [someItem(), someItem()];
    const { after: opened } = await first.baskets.update(user, adding(a));
    await first.baskets.update(user, adding(b));
    await first.baskets.update(user, (basket) => updateQuantity(basket, { ...a, quantity: 7 }, limits));
    await first.baskets.update(user, (basket) => removeItem(basket, b.productId));
    await first.baskets.update(user, clear);
    const { after: deleted } = await first.baskets.update(user, remove);
    expect(deleted).toEqual({ status: 'deleted', userName: user, version: 7 });
    expect(await first.baskets.find(user)).toEqual({ version: 7, json: undefined });
    const { after: next } = await first.baskets.update(user, (basket, nextBasketId) =>
      replaceBasket(basket, { currency: 'JPY', items: [b] }, limits, nextBasketId),
    );
    expect(next.version).toBe(9);
    expect(isOpen(next) && isOpen(opened) && next.basketId !== opened.basketId && next.currency).toBe('JPY');
    const baskets = await store.query<{ basket_id: string; versions: number[] }>(
      `SELECT basket_id, array_agg(version ORDER BY version) AS versions FROM domain_events
       WHERE user_name = $1 GROUP BY basket_id ORDER BY min(version)`,
      [user],
    );
    expect(baskets.map(({ versions }) => versions)).toEqual([
      [1, 2, 3, 4, 5, 6, 7],
      [8, 9],
    ]);
  });

  it('adds up the concurrent additions of one product', async () => {
    const user = someUser();
    const item = someItem();
    const second = store.process();
    await Promise.all(
      Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? first : second).baskets.update(user, adding(item))),
    );
    const basket = fromDocument(user, await first.baskets.find(user));
    expect(isOpen(basket) && lineOf(basket, item.productId)?.quantity).toBe(40);
    expect(basket.version).toBe(41);
  });
});
