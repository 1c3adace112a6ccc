import { FollowUp } from '../../src/basket/follow-up.js';
import { CheckOutHandler, CheckOut } from '../../src/basket/commands/check-out.js';
import { MergeBaskets, MergeBasketsHandler } from '../../src/basket/commands/merge-baskets.js';
import { isOpen } from '../../src/basket/domain/basket.js';
import { addItem, clear, remove } from '../../src/basket/domain/decisions.js';
import type { ItemData } from '../../src/basket/domain/basket.events.js';
import { MergeCompletion } from '../../src/basket/merge-completion.js';
import { someUser } from '../support/app.js';
import { NOTEBOOK, PENCIL } from '../support/given.js';
import { openStore } from '../support/stream-store.js';
import type { Store } from '../support/stream-store.js';

const RULER: ItemData = { ...PENCIL, productId: '00000000-0000-4000-8000-000000000003', productName: 'Ruler' };

class DyingCompletion extends MergeCompletion {
  override complete(): Promise<never> {
    return Promise.reject(new Error('The process died.'));
  }
}

describe('a merge that is cut short', () => {
  let store: Store;

  beforeAll(async () => {
    store = await openStore();
  });
  afterAll(() => store[Symbol.asyncDispose]());

  const add = (userName: string, item: ItemData) =>
    store.baskets.update(userName, (basket, id) => addItem(basket, { ...item, currency: 'EUR' }, store.limits, id));

  const merge = (
    { user, guest }: { user: string; guest: string },
    { key, completion = store.completion }: { key?: string; completion?: MergeCompletion } = {},
  ) =>
    new MergeBasketsHandler(store.baskets, store.history, completion, store.limits).execute(
      new MergeBaskets(
        user,
        { fromUserName: guest, strategy: 'sum' },
        { command: key === undefined ? undefined : { id: key, fingerprint: 'that request' } },
      ),
    );

  async function contentsOf(userName: string) {
    const { after } = await store.baskets.update(userName, () => []);
    if (!isOpen(after)) return undefined;
    return Object.fromEntries(after.lines.map(({ productName, quantity }) => [productName, quantity]));
  }

  const contents = async ({ user, guest }: { user: string; guest: string }) => ({
    user: await contentsOf(user),
    guest: await contentsOf(guest),
  });

  /** The user had two notebooks, the guest a notebook more and three pencils; the guest still has them. */
  async function cutShort(key?: string) {
    const names = { user: someUser('user'), guest: someUser('guest') };
    await add(names.user, NOTEBOOK);
    await add(names.guest, { ...NOTEBOOK, quantity: 1 });
    await add(names.guest, PENCIL);
    const completion = new DyingCompletion(store.baskets, store.history);
    await expect(merge(names, { completion, ...(key !== undefined && { key }) })).rejects.toThrow('The process died.');
    return names;
  }

  /** What the relay does with each event, at least once. */
  async function relay(userName: string) {
    await new FollowUp(null, store.completion).after(await store.eventsOf(userName));
  }

  const merged = { 'Field notebook': 3, Pencil: 3 };

  const ways: [string, (names: { user: string; guest: string }) => Promise<unknown>][] = [
    ['the relay', ({ user }) => relay(user)],
    ['the same request', (names) => merge(names)],
    ['the same request with its key', (names) => merge(names, { key: 'key' })],
  ];

  it('leaves the lines with the user and loses none', async () => {
    expect(await contents(await cutShort())).toStrictEqual({
      user: merged,
      guest: { 'Field notebook': 1, Pencil: 3 },
    });
  });

  describe.each(ways)('finished by %s', (_, finish) => {
    it('empties the guest once', async () => {
      const names = await cutShort('key');
      await finish(names);
      expect(await contents(names)).toStrictEqual({ user: merged, guest: {} });
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
      await add(names.guest, PENCIL);
      await relay(names.user);
      await merge(names, { key: 'key' });
      expect(await contents(names)).toStrictEqual({ user: merged, guest: { Pencil: 3 } });
    });
  });

  it.each(ways.filter(([way]) => way !== 'the same request'))(
    'leaves the guest what came in between when %s finishes it',
    async (_, finish) => {
      const names = await cutShort('key');
      await add(names.guest, { ...PENCIL, quantity: 4 });
      await add(names.guest, RULER);
      await finish(names);
      const expected = { user: merged, guest: { Pencil: 4, Ruler: 3 } };
      expect(await contents(names)).toStrictEqual(expected);
      await relay(names.user);
      expect(await contents(names)).toStrictEqual(expected);
    },
  );

  it('takes only what came in between when it is asked for again as a new merge', async () => {
    const names = await cutShort();
    await add(names.guest, { ...PENCIL, quantity: 4 });
    await add(names.guest, RULER);
    await merge(names);
    await relay(names.user);
    expect(await contents(names)).toStrictEqual({ user: { 'Field notebook': 3, Pencil: 7, Ruler: 3 }, guest: {} });
  });

  it('answers the repeat with the report of the first', async () => {
    const names = await cutShort('key');
    const { basket, report, replayed } = await merge(names, { key: 'key' });
    expect(replayed).toBe(true);
    expect(basket.version).toBe(3);
    expect(report).toStrictEqual([
      { productId: NOTEBOOK.productId, outcome: 'merged', guestQuantity: 1, quantity: 3 },
      { productId: PENCIL.productId, outcome: 'added', guestQuantity: 3, quantity: 3 },
    ]);
  });

  it('is finished though the user checked out since', async () => {
    const names = await cutShort('key');
    await new CheckOutHandler(store.baskets).execute(new CheckOut(names.user, 3));
    await relay(names.user);
    expect(await contents(names)).toStrictEqual({ user: undefined, guest: {} });
  });

  it('leaves a guest alone who deleted the basket since', async () => {
    const names = await cutShort();
    await store.baskets.update(names.guest, remove);
    await relay(names.user);
    expect(await contents(names)).toStrictEqual({ user: merged, guest: undefined });
  });

  it('takes nothing out of the next basket of a guest who deleted the merged one since', async () => {
    const names = await cutShort();
    await store.baskets.update(names.guest, remove);
    await add(names.guest, PENCIL);
    await relay(names.user);
    expect(await contentsOf(names.guest)).toStrictEqual({ Pencil: 3 });
  });

  it.each(ways.filter(([way]) => way !== 'the same request'))(
    'takes nothing that came after the guest emptied the basket, when %s comes late',
    async (_, finish) => {
      const names = await cutShort('key');
      await store.baskets.update(names.guest, clear);
      await finish(names);
      await add(names.guest, PENCIL);
      await finish(names);
      expect(await contentsOf(names.guest)).toStrictEqual({ Pencil: 3 });
    },
  );
});
