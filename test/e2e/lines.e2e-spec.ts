import { randomUUID } from 'node:crypto';
import { basketIn, refusal } from '../support/api.js';
import { someUser } from '../support/app.js';
import { servedForAll } from '../support/served.js';
import { addition, basketOf, replacement, someItem } from '../support/shopping.js';

describe('a line', () => {
  const { api } = servedForAll();
  let user: string;
  let path: string;
  let items: string;
  beforeEach(() => {
    user = someUser();
    path = basketOf(user);
    items = `${path}/items`;
  });

  describe('added', () => {
    it('opens a basket and says where it is', async () => {
      const item = addition({ quantity: 3, unitPrice: 500 });
      const answer = await api.post(items, item);
      const basket = basketIn(answer, 201);
      expect(answer.headers.location).toBe(`${items}/${item.productId}`);
      expect(basket).toMatchObject({ version: 2, currency: 'EUR', totalItems: 3, totalPrice: 1500 });
      expect((await api.patch(answer.headers.location as string, { quantity: 1 })).status).toBe(200);
    });

    it('comes after those that are there', async () => {
      const added = [addition(), addition(), addition()];
      for (const item of added) expect((await api.post(items, item)).status).toBe(201);
      const { items: lines, version } = basketIn(await api.get(path));
      expect(lines.map(({ productId }) => productId)).toEqual(added.map(({ productId }) => productId));
      expect(version).toBe(4);
    });

    it('adds its quantity to the line of the same product, and brings its name and price up to date', async () => {
      const first = addition({ quantity: 2 });
      const other = addition();
      await api.post(items, first);
      const before = basketIn(await api.post(items, other), 201);
      const answer = await api.post(items, { ...first, quantity: 3, productName: 'Notebook, ruled', unitPrice: 1300 });
      const [line, last] = basketIn(answer, 200).items;
      expect(line).toEqual({
        ...{
          productId: first.productId,
          productName: 'Notebook, ruled',
          unitPrice: 1300,
          quantity: 5,
          lineTotal: 6500,
        },
        addedAt: before.items[0]?.addedAt,
      });
      expect(last?.productId).toBe(other.productId);
      expect(answer.headers.location).toBeUndefined();
    });

    it('is refused in another currency than the basket is in', async () => {
      await api.post(items, addition());
      refusal(await api.post(items, addition({ currency: 'USD' })), 'currency-mismatch');
      refusal(await api.put(path, replacement([someItem()], 'USD')), 'currency-mismatch');
    });

    it('is refused when the basket is full', async () => {
      const full = Array.from({ length: 500 }, () => someItem({ unitPrice: 1, quantity: 1 }));
      await api.put(path, replacement(full));
      refusal(await api.post(items, addition()), 'too-many-lines');
      expect((await api.post(items, { ...full[0], currency: 'EUR' })).status).toBe(200);
    });

    it('is refused when its line would hold too many pieces', async () => {
      const item = addition({ quantity: 9999 });
      expect((await api.post(items, item)).status).toBe(201);
      refusal(await api.post(items, { ...item, quantity: 1 }), 'quantity-limit');
    });

    it('is refused when the total would leave the safe integers', async () => {
      const dear = () => someItem({ unitPrice: 100_000_000_000, quantity: 9999 });
      const most = [dear(), dear(), dear(), dear(), dear(), dear(), dear(), dear(), dear()];
      refusal(await api.put(path, replacement([...most, dear()])), 'total-limit');
      const rest = someItem({ unitPrice: 1, quantity: 1 });
      await api.put(path, replacement([...most, rest]));
      refusal(await api.post(items, { ...dear(), currency: 'EUR' }), 'total-limit');
      refusal(
        await api.post(items, { ...rest, unitPrice: 100_000_000_000, quantity: 999, currency: 'EUR' }),
        'total-limit',
      );
    });

    it('costs exactly its price times its quantity', async () => {
      const item = addition({ unitPrice: 99_999_999_999, quantity: 9999 });
      const { totalPrice, items: lines } = basketIn(await api.post(items, item), 201);
      expect([totalPrice, lines[0]?.lineTotal]).toEqual([999_899_999_990_001, 999_899_999_990_001]);
    });
  });

  describe('changed', () => {
    it('has the new quantity, and only that', async () => {
      const item = addition({ quantity: 2 });
      const before = basketIn(await api.post(items, item), 201);
      const after = basketIn(await api.patch(`${items}/${item.productId}`, { quantity: 9999 }));
      expect(after.items).toEqual([{ ...before.items[0], quantity: 9999, lineTotal: 9999 * item.unitPrice }]);
      expect(after.version).toBe(3);
    });

    it('keeps the version when it has the quantity already', async () => {
      const item = addition({ quantity: 2 });
      const before = await api.post(items, item);
      const after = await api.patch(`${items}/${item.productId}`, { quantity: 2 });
      expect(basketIn(after)).toEqual(basketIn(before, 201));
    });

    it('is found by its product id in either case', async () => {
      const item = addition();
      await api.post(items, item);
      const answer = await api.patch(`${items}/${item.productId.toUpperCase()}`, { quantity: 7 });
      expect(basketIn(answer).totalItems).toBe(7);
    });

    it('is refused when the total would leave the safe integers', async () => {
      const dear = () => someItem({ unitPrice: 100_000_000_000, quantity: 9999 });
      const last = someItem({ unitPrice: 100_000_000_000, quantity: 1 });
      await api.put(path, replacement([...Array.from({ length: 9 }, dear), last]));
      refusal(await api.patch(`${items}/${last.productId}`, { quantity: 9999 }), 'total-limit');
    });

    it('is not found when the product is not in the basket', async () => {
      await api.post(items, addition());
      const missing = `${items}/${randomUUID()}`;
      expect(refusal(await api.patch(missing, { quantity: 1 }), 'item-not-found')).toMatchObject({ instance: missing });
    });

    it('is not found when there is no basket', async () => {
      refusal(await api.patch(`${items}/${randomUUID()}`, { quantity: 1 }), 'basket-not-found');
    });
  });

  describe('removed', () => {
    it('leaves the other lines in their order', async () => {
      const [first, second, third] = [someItem(), someItem(), someItem()];
      await api.put(path, replacement([first, second, third]));
      const basket = basketIn(await api.delete(`${items}/${second.productId}`));
      expect(basket.items.map(({ productId }) => productId)).toEqual([first.productId, third.productId]);
      expect(basket).toMatchObject({ version: 3, totalItems: 4, totalPrice: 5000 });
    });

    it('cannot be removed twice', async () => {
      const item = addition();
      await api.post(items, item);
      expect(basketIn(await api.delete(`${items}/${item.productId}`))).toMatchObject({ version: 3, items: [] });
      refusal(await api.delete(`${items}/${item.productId}`), 'item-not-found');
      expect(basketIn(await api.get(path)).version).toBe(3);
    });

    it('is not found when there is no basket', async () => {
      refusal(await api.delete(`${items}/${randomUUID()}`), 'basket-not-found');
    });
  });

  describe('cleared away with all others', () => {
    it('leaves an empty basket of the same currency', async () => {
      const before = basketIn(await api.put(path, replacement([someItem(), someItem()])), 201);
      const after = basketIn(await api.delete(items));
      expect(after).toMatchObject({ version: 3, items: [], totalItems: 0, totalPrice: 0, basketId: before.basketId });
      refusal(await api.post(items, addition({ currency: 'USD' })), 'currency-mismatch');
    });

    it('leaves an empty basket as it is', async () => {
      const before = basketIn(await api.put(path, replacement()), 201);
      expect(basketIn(await api.delete(items))).toEqual(before);
    });

    it('is not found when there is no basket', async () => {
      refusal(await api.delete(items), 'basket-not-found');
    });
  });
});
