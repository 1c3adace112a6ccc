import { CheckOut, CheckOutHandler } from '../../src/basket/commands/check-out.js';
import { clear, remove } from '../../src/basket/domain/decisions.js';
import { MergeCompletion } from '../../src/basket/merge-completion.js';
import { NOTEBOOK, PENCIL } from '../support/given.js';
import { RULER, shopping } from '../support/merging.js';
import type { Names, Shopping } from '../support/merging.js';
import { openStore } from '../support/stream-store.js';
import type { Store } from '../support/stream-store.js';

class DyingCompletion extends MergeCompletion {
  override complete(): Promise<never> {
    return Promise.reject(new Error('The process died.'));
  }
}

const MERGED = { 'Field notebook': 3, Pencil: 3 };
const REPORT = [
  { productId: NOTEBOOK.productId, outcome: 'merged', guestQuantity: 1, quantity: 3 },
  { productId: PENCIL.productId, outcome: 'added', guestQuantity: 3, quantity: 3 },
];

describe('a merge that is cut short', () => {
  let store: Store;
  let shop: Shopping;

  beforeAll(async () => {
    store = await openStore();
    shop = shopping(store);
  });
  afterAll(() => store[Symbol.asyncDispose]());

  /** The user has got the lines, the guest still has them. */
  async function cutShort(key?: string) {
    const names = await shop.twoBaskets();
    const on = { ...store, completion: new DyingCompletion(store.baskets, store.history) };
    await expect(shop.merge(names, { on, ...(key !== undefined && { key }) })).rejects.toThrow('The process died.');
    return names;
  }

  const ways: [string, (names: Names) => Promise<unknown>][] = [
    ['the relay', ({ user }) => shop.relay(user)],
    ['the same request', (names) => shop.merge(names)],
    ['the same request with its key', (names) => shop.merge(names, { key: 'key' })],
  ];
  /** A request without a key is a new merge, of whatever the guest has by then. */
  const repeats = ways.filter(([way]) => way !== 'the same request');

  it('leaves the lines with the user and loses none', async () => {
    expect(await shop.contents(await cutShort())).toStrictEqual({
      user: MERGED,
      guest: { 'Field notebook': 1, Pencil: 3 },
    });
  });

  describe.each(ways)('finished by %s', (_, finish) => {
    it('empties the guest once', async () => {
      const names = await cutShort('key');
      await finish(names);
      expect(await shop.contents(names)).toStrictEqual({ user: MERGED, guest: {} });
      const types = (await store.eventsOf(names.guest)).map(({ type }) => type);
      expect(types).toStrictEqual(['BasketCreated', 'BasketItemAdded', 'BasketItemAdded', 'BasketCleared']);
    });

    it('changes nothing when it is done again, in whatever way', async () => {
      const names = await cutShort('key');
      await finish(names);
      const stored = async () => [await store.eventsOf(names.user), await store.eventsOf(names.guest)];
      const before = await stored();
      for (const [, again] of [...ways, ...ways]) await again(names);
      expect(await stored()).toStrictEqual(before);
    });

    it('leaves the guest what is added afterwards', async () => {
      const names = await cutShort('key');
      await finish(names);
      await shop.add(names.guest, PENCIL);
      await shop.relay(names.user);
      await shop.merge(names, { key: 'key' });
      expect(await shop.contents(names)).toStrictEqual({ user: MERGED, guest: { Pencil: 3 } });
    });
  });

  describe.each(repeats)('finished late by %s', (_, finish) => {
    it('leaves the guest what came in between', async () => {
      const names = await cutShort('key');
      await shop.add(names.guest, { ...PENCIL, quantity: 4 });
      await shop.add(names.guest, RULER);
      await finish(names);
      const expected = { user: MERGED, guest: { Pencil: 4, Ruler: 3 } };
      expect(await shop.contents(names)).toStrictEqual(expected);
      await shop.relay(names.user);
      expect(await shop.contents(names)).toStrictEqual(expected);
    });

    it.each([
      ['emptied the basket', clear],
      ['deleted the basket', remove],
    ])('takes nothing that came after the guest %s', async (__, closing) => {
      const names = await cutShort('key');
      await store.baskets.update(names.guest, closing);
      await shop.add(names.guest, PENCIL);
      await finish(names);
      await shop.add(names.guest, PENCIL);
      await finish(names);
      expect(await shop.contents(names)).toStrictEqual({ user: MERGED, guest: { Pencil: 6 } });
    });

    it('finds what is left of hundreds of changes', async () => {
      const names = await cutShort('key');
      for (let at = 0; at < 60; at++) {
        await shop.add(names.guest, { ...RULER, quantity: 1 });
        await shop.add(names.guest, { ...PENCIL, quantity: 1 });
      }
      await finish(names);
      expect(await shop.contents(names)).toStrictEqual({ user: MERGED, guest: { Pencil: 60, Ruler: 60 } });
    });
  });

  it('takes only what came in between when it is asked for again as a new merge', async () => {
    const names = await cutShort();
    await shop.add(names.guest, { ...PENCIL, quantity: 4 });
    await shop.add(names.guest, RULER);
    const { report } = await shop.merge(names);
    expect(report).toStrictEqual([
      { productId: PENCIL.productId, outcome: 'merged', guestQuantity: 4, quantity: 7 },
      { productId: RULER.productId, outcome: 'added', guestQuantity: 3, quantity: 3 },
    ]);
    await shop.relay(names.user);
    expect(await shop.contents(names)).toStrictEqual({ user: { 'Field notebook': 3, Pencil: 7, Ruler: 3 }, guest: {} });
  });

  it('answers a repeat with its key as the first request was to be', async () => {
    const names = await cutShort('key');
    await shop.add(names.user, PENCIL);
    const { basket, report, replayed } = await shop.merge(names, { key: 'key' });
    expect({ version: basket.version, replayed, report }).toStrictEqual({ version: 3, replayed: true, report: REPORT });
  });

  it('answers a repeat without a key with the basket of now and the report of then', async () => {
    const names = await cutShort();
    await shop.add(names.user, PENCIL);
    const { basket, report, replayed } = await shop.merge(names, { strategy: 'keep-user' });
    expect({ version: basket.version, replayed, report }).toStrictEqual({
      version: 4,
      replayed: false,
      report: REPORT,
    });
  });

  it('is finished though the user checked out since', async () => {
    const names = await cutShort('key');
    await new CheckOutHandler(store.baskets).execute(new CheckOut(names.user, 3));
    await shop.relay(names.user);
    expect(await shop.contents(names)).toStrictEqual({ user: undefined, guest: {} });
    expect(await shop.merge(names, { key: 'key' })).toMatchObject({ replayed: true, report: REPORT });
    await expect(shop.merge(names)).rejects.toMatchObject({ code: 'basket-not-found' });
  });

  it('leaves a guest alone who deleted the basket since', async () => {
    const names = await cutShort();
    await store.baskets.update(names.guest, remove);
    await shop.relay(names.user);
    expect(await shop.contents(names)).toStrictEqual({ user: MERGED, guest: undefined });
    await expect(shop.merge(names)).rejects.toMatchObject({ code: 'basket-not-found' });
  });

  it('is over when the events of the guest are not there any more', async () => {
    const names = await cutShort('key');
    for (const table of ['domain_events', 'basket_snapshots', 'basket_projections'])
      await store.query(`DELETE FROM ${table} WHERE user_name = $1`, [names.guest]);
    await shop.relay(names.user);
    expect(await shop.merge(names, { key: 'key' })).toMatchObject({ replayed: true, report: [] });
    expect(await shop.contents(names)).toStrictEqual({ user: MERGED, guest: undefined });
  });
});

describe('a merge that changes no line of the user', () => {
  it('is stored all the same: it empties the guest, and is answered alike when it is repeated', async () => {
    await using store = await openStore();
    const shop = shopping(store);
    const names = await shop.twoBaskets();
    await shop.add(names.user, PENCIL);
    const options = { key: 'key', strategy: 'keep-user' } as const;
    const { basket, report } = await shop.merge(names, options);
    expect(report.map(({ outcome }) => outcome)).toStrictEqual(['kept', 'kept']);
    expect(await shop.contents(names)).toStrictEqual({ user: { 'Field notebook': 2, Pencil: 3 }, guest: {} });
    expect(await shop.merge(names, options)).toStrictEqual({ basket, report, replayed: true });
  });
});
