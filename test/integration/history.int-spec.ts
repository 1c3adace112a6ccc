import { jest } from '@jest/globals';
import { toDocument } from '../../src/basket/basket-document.js';
import { executeBatch } from '../../src/basket/domain/batch.js';
import { evolve, isOpen, noBasket } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import { checkOut } from '../../src/basket/domain/checkout.js';
import {
  addItem,
  clear,
  remove,
  removeItem,
  replaceBasket,
  updateQuantity,
} from '../../src/basket/domain/decisions.js';
import type { Decide } from '../../src/basket/domain/decisions.js';
import { mergeInto } from '../../src/basket/domain/merge.js';
import { ALICE, NOTEBOOK, PENCIL, basketAfter, created, itemAdded } from '../support/given.js';
import { soon } from '../support/store.js';
import { openStore } from '../support/stream-store.js';
import type { Store } from '../support/stream-store.js';

const EVENTS = 260;
const PRODUCTS = [
  NOTEBOOK,
  PENCIL,
  { ...PENCIL, productId: '00000000-0000-4000-8000-000000000003', productName: '鉛筆 "\\😀' },
];

/** One version of a life: the basket that a write answered, or passed through. */
interface Moment {
  readonly version: number;
  readonly json: string | undefined;
  readonly occurredAt: string;
}

/** The same numbers for the same seed. */
function randomNumbers(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function decisionFor(basket: Basket, random: (below: number) => number, { limits }: Store): Decide {
  const product = PRODUCTS[random(PRODUCTS.length)] ?? NOTEBOOK;
  const item = { ...product, quantity: 1 + random(9), unitPrice: random(5000), currency: 'EUR' };
  const adding: Decide = (current, nextBasketId) => addItem(current, item, limits, nextBasketId);
  if (!isOpen(basket) || basket.lines.length === 0) return adding;
  const { productId } = basket.lines[random(basket.lines.length)] ?? product;
  const setting: Decide = (current) => updateQuantity(current, { productId, quantity: item.quantity }, limits);
  const commands = [
    { type: 'add-item', ...item },
    { type: 'update-item-quantity', productId, quantity: item.quantity },
  ] as const;
  const guest = basketAfter([created(), itemAdded(product)]);
  if (!isOpen(guest)) throw new Error('The guest has no basket.');
  const decisions: Decide[] = [
    ...[adding, adding, adding, setting, setting, setting],
    (current) => removeItem(current, productId),
    clear,
    remove,
    (current) => checkOut(current, current.version),
    (current, nextBasketId) => replaceBasket(current, { currency: 'EUR', items: [item] }, limits, nextBasketId),
    (current, nextBasketId) => executeBatch(current, commands, limits, nextBasketId),
    (current, nextBasketId) => mergeInto(current, guest, 'sum', limits, nextBasketId).events,
  ];
  return decisions[random(decisions.length)] ?? adding;
}

/** What each write answered; for the versions that a write passed through, what it would have. */
async function live(store: Store): Promise<Moment[]> {
  const random = randomNumbers(20_261_123);
  const life: Moment[] = [];
  let basket: Basket = noBasket(ALICE);
  while (life.length < EVENTS) {
    const { before, after, document, events } = await store.baskets.update(ALICE, decisionFor(basket, random, store));
    let state = before;
    for (const event of events) {
      state = evolve(state, event);
      const { json } = event.version === after.version ? document : toDocument(state);
      life.push({ version: event.version, json: json?.toString(), occurredAt: event.occurredAt });
    }
    basket = after;
  }
  return life;
}

describe('the history of a basket', () => {
  let store: Store;
  let life: Moment[];

  beforeAll(async () => {
    store = await openStore();
    life = await live(store);
  });
  afterAll(() => store[Symbol.asyncDispose]());

  const asOf = async (version: number) => toDocument(await store.history.asOf(ALICE, version)).json;

  it('is a life with everything in it', async () => {
    expect(life.map(({ version }) => version)).toStrictEqual(life.map((_, at) => at + 1));
    const types = new Set((await store.eventsOf(ALICE)).map(({ type }) => type));
    expect([...types].sort()).toStrictEqual([
      'BasketCheckedOut',
      'BasketCleared',
      'BasketCreated',
      'BasketDeleted',
      'BasketItemAdded',
      'BasketItemQuantityUpdated',
      'BasketItemRemoved',
      'BasketReplaced',
      'BasketsMerged',
    ]);
  });

  it('has every version as the write answered it then, byte for byte', async () => {
    for (const { version, json } of life)
      expect({ version, json: await asOf(version) }).toStrictEqual({ version, json });
  });

  it('has no basket before the first event', async () => {
    await expect(store.history.asOf(ALICE, 0)).resolves.toStrictEqual(noBasket(ALICE));
  });

  it.each([1, 50, 10_000])('has no version %d events beyond the end', async (beyond) => {
    await expect(store.history.asOf(ALICE, life.length + beyond)).rejects.toMatchObject({ code: 'version-not-found' });
  });

  it('has no version of a user without events', async () => {
    await expect(store.history.asOf('nobody', 1)).rejects.toMatchObject({ code: 'version-not-found' });
  });

  it('has the basket as it was between two events', async () => {
    const moments = life.filter(({ occurredAt }, at) => occurredAt !== life[at + 1]?.occurredAt);
    const atTime = async (time: number) => toDocument(await store.history.at(ALICE, new Date(time))).json;
    for (const [at, { json, occurredAt }] of moments.entries()) {
      const next = moments[at + 1];
      const end = next ? Date.parse(next.occurredAt) - 1 : Date.parse(occurredAt) + 3_600_000;
      expect(await atTime(Date.parse(occurredAt))).toBe(json);
      expect(await atTime(end)).toBe(json);
    }
    const before = new Date(Date.parse(life[0]?.occurredAt ?? '') - 1);
    await expect(store.history.at(ALICE, before)).rejects.toMatchObject({ code: 'version-not-found' });
  });

  it('never runs backwards', () => {
    const times = life.map(({ occurredAt }) => occurredAt);
    expect(times).toStrictEqual([...times].sort());
  });

  it('has a snapshot of each hundredth version and of no other', async () => {
    const { rows } = await store.database.query(
      { name: 'snapshots', text: 'SELECT version, basket::text AS json FROM basket_snapshots ORDER BY version' },
      [],
      soon(),
    );
    expect(rows).toStrictEqual([100, 200].map((version) => ({ version, json: life[version - 1]?.json ?? null })));
  });

  it.each([
    [99, 99],
    [100, 0],
    [101, 1],
    [199, 99],
    [200, 0],
    [260, 60],
  ])('reads version %d from %d events', async (version, count) => {
    const reading = jest.spyOn(store.events, 'readBackTo');
    try {
      await asOf(version);
      const { events } = (await reading.mock.results[0]?.value) ?? { events: undefined };
      expect(events).toHaveLength(count);
    } finally {
      reading.mockRestore();
    }
  });

  it('folds on from a snapshot of a closed basket', async () => {
    const user = 'closed-at-a-hundred';
    const add: Decide = (basket, nextBasketId) =>
      addItem(basket, { ...PENCIL, currency: 'EUR' }, store.limits, nextBasketId);
    const commands = Array.from({ length: 98 }, () => ({ type: 'add-item', ...PENCIL, currency: 'EUR' }) as const);
    await store.baskets.update(user, (basket, id) => executeBatch(basket, commands, store.limits, id));
    await store.baskets.update(user, remove);
    const { document } = await store.baskets.update(user, add);
    expect(toDocument(await store.history.asOf(user, 100))).toStrictEqual({ version: 100, json: undefined });
    expect(toDocument(await store.history.asOf(user, 102))).toStrictEqual(document);
  });

  it('is read in pages', async () => {
    const pages = [await store.history.page(ALICE, 0, 100), await store.history.page(ALICE, 100, 100)];
    expect(pages.flat().map(({ version }) => version)).toStrictEqual(Array.from({ length: 200 }, (_, at) => at + 1));
    await expect(store.history.page(ALICE, life.length, 100)).resolves.toStrictEqual([]);
  });
});
