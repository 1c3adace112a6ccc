import type { BasketDocument, BasketRepository } from '../../src/basket/basket.repository.js';
import { AddItem, AddItemHandler } from '../../src/basket/commands/add-item.js';
import { ClearBasket, ClearBasketHandler } from '../../src/basket/commands/clear-basket.js';
import { DeleteBasket, DeleteBasketHandler } from '../../src/basket/commands/delete-basket.js';
import { DeleteItem, DeleteItemHandler } from '../../src/basket/commands/delete-item.js';
import { PutBasket, PutBasketHandler } from '../../src/basket/commands/put-basket.js';
import { UpdateItemQuantity, UpdateItemQuantityHandler } from '../../src/basket/commands/update-item-quantity.js';
import { isOpen, lineOf } from '../../src/basket/domain/basket.js';
import type { Precondition } from '../../src/basket/domain/decisions.js';
import { remove } from '../../src/basket/domain/decisions.js';
import { fromDocument, toDocument } from '../../src/basket/basket-document.js';
import { CachedBasketRepository } from '../../src/basket/persistence/cached-basket.repository.js';
import { someUser } from '../support/app.js';
import { describeCaches } from '../support/caches.js';
import { adding, limits, productsOf, someItem } from '../support/items.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { TestStore } from '../support/store.js';

describeCaches('A decision on a cached basket that is not the stored one', (caches) => {
  let store: TestStore;
  let stored: BasketRepository;
  let cached: BasketRepository;
  let user: string;
  const [notebook, pencil] = [someItem({ quantity: 3 }), someItem({ productName: 'Pencil', quantity: 5 })];

  beforeAll(async () => {
    store = await TestStore.open();
    stored = store.process().baskets;
    cached = new CachedBasketRepository(store.process().baskets, await caches().connect());
  });
  afterAll(() => store[Symbol.asyncDispose]());
  afterEach(async () => {
    await expectReplayEqualsProjection(store.source);
  });

  const add = (item = pencil, precondition?: Precondition) =>
    new AddItemHandler(cached, limits).execute(new AddItem(user, item, { precondition }));
  const patch = (productId: string, quantity: number, precondition?: Precondition) =>
    new UpdateItemQuantityHandler(cached, limits).execute(
      new UpdateItemQuantity(user, { productId, quantity }, { precondition }),
    );
  const deleteItem = (productId: string) => new DeleteItemHandler(cached).execute(new DeleteItem(user, productId));
  const deleteBasket = (precondition?: Precondition) =>
    new DeleteBasketHandler(cached).execute(new DeleteBasket(user, { precondition }));
  const clear = () => new ClearBasketHandler(cached).execute(new ClearBasket(user));
  const put = (precondition?: Precondition) =>
    new PutBasketHandler(cached, limits).execute(
      new PutBasket(
        user,
        { currency: 'EUR', items: [notebook, pencil].map(({ currency: _, ...item }) => item) },
        { precondition },
      ),
    );

  const lines = async () => {
    const basket = fromDocument(user, await stored.find(user));
    if (!isOpen(basket)) return basket.status;
    return Object.fromEntries(basket.lines.map(({ productName, quantity }) => [productName, quantity]));
  };
  const version = async () => (await stored.find(user)).version;
  const eventTypes = async () =>
    (
      await store.query<{ event_type: string }>(
        'SELECT event_type FROM domain_events WHERE user_name = $1 ORDER BY version',
        [user],
      )
    ).map(({ event_type }) => event_type);

  /** What the basket would be with other contents, at this version. */
  const another = async (products: ReturnType<typeof someItem>[], at: number): Promise<BasketDocument> => {
    const basket = fromDocument(user, await stored.find(user));
    if (!isOpen(basket)) throw new Error('The basket to start from is not open.');
    const addedAt = basket.createdAt;
    return toDocument({
      ...basket,
      version: at,
      lines: products.map(({ currency: _, ...item }) => ({ ...item, addedAt })),
    });
  };

  describe('an old one, from before the pencils came', () => {
    beforeEach(async () => {
      user = someUser();
      await stored.update(user, adding(notebook));
      const old = await stored.find(user);
      await stored.update(user, adding(pencil));
      await caches().poison(user, old);
      expect((await cached.find(user)).version).toBe(2);
    });

    it('finds the line to change', async () => {
      expect((await patch(pencil.productId, 9)).basket.version).toBe(4);
      expect(await lines()).toEqual({ 'Field notebook': 3, Pencil: 9 });
    });

    it('finds the line to remove', async () => {
      expect((await deleteItem(pencil.productId)).basket.version).toBe(4);
      expect(await lines()).toEqual({ 'Field notebook': 3 });
    });

    it('adds to the line that is there', async () => {
      expect(await add()).toMatchObject({ created: false, basket: { version: 4 } });
      expect(await lines()).toEqual({ 'Field notebook': 3, Pencil: 10 });
    });

    it('refuses what would pass a limit only with the pencils', async () => {
      await expect(add({ ...pencil, quantity: 9995 })).rejects.toMatchObject({ code: 'quantity-limit' });
      expect(await version()).toBe(3);
    });

    it('empties, deletes and replaces the stored basket', async () => {
      expect((await clear()).basket.version).toBe(4);
      expect((await put()).basket.version).toBe(5);
      await caches().poison(user, await another([notebook], 4));
      expect((await deleteBasket()).basket.version).toBe(6);
      expect(await lines()).toBe('deleted');
    });

    it('holds a condition against the stored version', async () => {
      await expect(patch(notebook.productId, 9, { match: [2] })).rejects.toMatchObject({
        code: 'version-mismatch',
        extensions: { currentVersion: 3 },
      });
      await expect(deleteBasket({ match: [2] })).rejects.toMatchObject({ extensions: { currentVersion: 3 } });
      expect((await patch(notebook.productId, 9, { match: [3] })).basket.version).toBe(4);
    });

    it('is out of the cache after the write', async () => {
      await patch(pencil.productId, 9);
      expect((await cached.find(user)).version).toBe(4);
    });
  });

  describe('a false one, in which everything is done already', () => {
    beforeEach(async () => {
      user = someUser();
      await stored.update(user, adding(notebook));
    });

    it('does not take a change for done', async () => {
      await caches().poison(user, await another([{ ...notebook, quantity: 9 }], 1));
      expect((await patch(notebook.productId, 9)).basket.version).toBe(3);
      expect(await lines()).toEqual({ 'Field notebook': 9 });
    });

    it('does not take a replacement for done', async () => {
      await caches().poison(user, await another([notebook, pencil], 1));
      expect(await put()).toMatchObject({ created: false, basket: { version: 3 } });
      expect(await lines()).toEqual({ 'Field notebook': 3, Pencil: 5 });
    });

    it('does not take a full basket for empty', async () => {
      await caches().poison(user, await another([], 1));
      expect((await clear()).basket.version).toBe(3);
      expect(await lines()).toEqual({});
    });

    it('stores nothing when there is nothing to do in the stored one', async () => {
      await caches().poison(user, await another([{ ...notebook, quantity: 9 }], 1));
      expect((await patch(notebook.productId, 3)).basket.version).toBe(2);
      expect(await eventTypes()).toEqual(['BasketCreated', 'BasketItemAdded']);
    });

    it('refuses to change or remove a line that only the cache has', async () => {
      await caches().poison(user, await another([notebook, pencil], 1));
      await expect(patch(pencil.productId, 9)).rejects.toMatchObject({ code: 'item-not-found' });
      await expect(deleteItem(pencil.productId)).rejects.toMatchObject({ code: 'item-not-found' });
      expect(await eventTypes()).toEqual(['BasketCreated', 'BasketItemAdded']);
    });

    it('is no help at a version that there is not yet, either', async () => {
      await caches().poison(user, await another([pencil], 7));
      await expect(patch(pencil.productId, 9)).rejects.toMatchObject({ code: 'item-not-found' });
      expect(await add()).toMatchObject({ created: true, basket: { version: 3 } });
      expect(await lines()).toEqual({ 'Field notebook': 3, Pencil: 5 });
    });

    it('is not asked for the currency', async () => {
      const japanese = { ...fromDocument(user, await stored.find(user)), currency: 'JPY', version: 1 };
      await caches().poison(user, toDocument(japanese));
      expect(await add()).toMatchObject({ basket: { version: 3 } });
      await expect(add(someItem({ currency: 'JPY' }))).rejects.toMatchObject({ code: 'currency-mismatch' });
    });
  });

  describe('a tombstone', () => {
    beforeEach(async () => {
      user = someUser();
      await stored.update(user, adding(notebook));
    });

    it.each([0, 1, 2, 7])('of version %i hides no basket from a write', async (at) => {
      const bury = () => caches().poison(user, { version: at, json: undefined });
      await bury();
      expect((await patch(notebook.productId, 9)).basket.version).toBe(3);
      await bury();
      expect(await add()).toMatchObject({ created: true, basket: { version: 4 } });
      expect(await lines()).toEqual({ 'Field notebook': 9, Pencil: 5 });
      await bury();
      await expect(put({ noneMatch: '*' })).rejects.toMatchObject({ code: 'version-mismatch' });
      await bury();
      expect((await deleteBasket({ match: '*' })).basket.version).toBe(5);
    });
  });

  describe('a basket that was deleted', () => {
    beforeEach(async () => {
      user = someUser();
      await stored.update(user, adding(notebook));
      const open = await stored.find(user);
      await stored.update(user, remove);
      await caches().poison(user, open);
    });

    it('is not there to be changed', async () => {
      await expect(patch(notebook.productId, 9)).rejects.toMatchObject({ code: 'basket-not-found' });
      await expect(deleteItem(notebook.productId)).rejects.toMatchObject({ code: 'basket-not-found' });
      await expect(clear()).rejects.toMatchObject({ code: 'basket-not-found' });
      await expect(deleteBasket()).rejects.toMatchObject({ code: 'basket-not-found' });
      expect(await version()).toBe(3);
    });

    it('does not come back with an addition, which opens a new one', async () => {
      expect(await add()).toMatchObject({ created: true, basket: { version: 5 } });
      const basket = fromDocument(user, await stored.find(user));
      expect(productsOf(basket)).toEqual([pencil.productId]);
      expect(isOpen(basket) && lineOf(basket, notebook.productId)).toBeUndefined();
      expect(await eventTypes()).toEqual([
        'BasketCreated',
        'BasketItemAdded',
        'BasketDeleted',
        'BasketCreated',
        'BasketItemAdded',
      ]);
    });

    it('does not keep a PUT from creating one', async () => {
      expect(await put({ noneMatch: '*' })).toMatchObject({ created: true, basket: { version: 5 } });
    });
  });
});
