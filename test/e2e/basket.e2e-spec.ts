import { basketIn, refusal } from '../support/api.js';
import { someUser } from '../support/app.js';
import { servedForAll } from '../support/served.js';
import { addition, basketOf, replacement, someItem } from '../support/shopping.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('a basket', () => {
  const { api } = servedForAll();
  let user: string;
  let path: string;
  beforeEach(() => {
    user = someUser();
    path = basketOf(user);
  });

  describe('put', () => {
    it('is created whole, with its totals, and says where it is', async () => {
      const notebook = someItem({ unitPrice: 1250, quantity: 2 });
      const pen = someItem({ productName: 'Pen', unitPrice: 199, quantity: 3 });
      const answer = await api.put(path, replacement([notebook, pen]));
      const basket = basketIn(answer, 201);
      expect(answer.headers.location).toBe(path);
      const time = expect.stringMatching(TIME) as unknown;
      expect(basket).toEqual({
        userName: user,
        basketId: expect.stringMatching(UUID_V7) as unknown,
        status: 'active',
        version: 2,
        currency: 'EUR',
        items: [
          { ...notebook, lineTotal: 2500, addedAt: time },
          { ...pen, lineTotal: 597, addedAt: time },
        ],
        totalItems: 5,
        totalPrice: 3097,
        createdAt: time,
        updatedAt: time,
      });
      expect((await api.get(path)).text).toBe(answer.text);
    });

    it('may be empty', async () => {
      const basket = basketIn(await api.put(path, replacement()), 201);
      expect(basket).toMatchObject({ items: [], totalItems: 0, totalPrice: 0 });
    });

    it('gives way as a whole to the next one and keeps its id', async () => {
      const first = basketIn(await api.put(path, replacement([someItem(), someItem()])), 201);
      const item = someItem();
      const answer = await api.put(path, replacement([item]));
      const second = basketIn(answer, 200);
      expect(second.items.map(({ productId }) => productId)).toEqual([item.productId]);
      expect(second).toMatchObject({ version: 3, basketId: first.basketId, createdAt: first.createdAt });
      expect(answer.headers.location).toBeUndefined();
    });

    it('keeps its version when it is put as it is', async () => {
      const body = replacement([someItem()]);
      const first = await api.put(path, body);
      const again = await api.put(path, body);
      expect(basketIn(again)).toEqual(basketIn(first, 201));
    });

    it('takes product ids in either case and keeps them in lower case', async () => {
      const item = someItem();
      const upper = { ...item, productId: item.productId.toUpperCase() };
      const basket = basketIn(await api.put(path, replacement([upper])), 201);
      expect(basket.items[0]?.productId).toBe(item.productId);
      refusal(await api.put(path, replacement([item, upper])), 'duplicate-product');
    });

    it('holds as many lines as the contract says, and their body fits', async () => {
      const items = Array.from({ length: 500 }, () => someItem({ productName: 'n'.repeat(256) }));
      expect(basketIn(await api.put(path, replacement(items)), 201).items).toHaveLength(500);
    });
  });

  describe('read', () => {
    it('is not found before there is one', async () => {
      expect(refusal(await api.get(path), 'basket-not-found')).toMatchObject({ instance: path });
    });

    it('answers the version as its entity tag', async () => {
      await api.put(path, replacement());
      const answer = await api.get(path);
      expect(basketIn(answer).version).toBe(2);
      expect(answer.headers.etag).toBe('"2"');
    });

    it('shows a write through every read that follows it', async () => {
      await api.get(path);
      for (let version = 2; version < 12; version++) {
        const written = await api.post(`${path}/items`, addition());
        expect((await api.get(path)).text).toBe(written.text);
      }
    });
  });

  describe('summed up', () => {
    it('has the totals without the lines', async () => {
      const basket = basketIn(await api.put(path, replacement([someItem(), someItem({ quantity: 5 })])), 201);
      const answer = await api.get(`${path}/summary`);
      expect(answer.status).toBe(200);
      expect(answer.headers.etag).toBe('"2"');
      const { userName, version, status, currency, totalItems, totalPrice, updatedAt } = basket;
      expect(JSON.parse(answer.text)).toEqual({
        ...{ userName, version, status, currency, totalItems, totalPrice, updatedAt },
        lines: 2,
      });
    });

    it('is not found without a basket', async () => {
      refusal(await api.get(`${path}/summary`), 'basket-not-found');
    });
  });

  describe('deleted', () => {
    it('is not found any more, by any route', async () => {
      const { productId } = someItem();
      await api.put(path, replacement([someItem({ productId })]));
      expect((await api.delete(path)).status).toBe(204);
      for (const answer of [
        await api.get(path),
        await api.get(`${path}/summary`),
        await api.delete(path),
        await api.delete(`${path}/items`),
        await api.delete(`${path}/items/${productId}`),
        await api.patch(`${path}/items/${productId}`, { quantity: 1 }),
      ])
        refusal(answer, 'basket-not-found');
    });

    it('cannot be deleted before there is one', async () => {
      refusal(await api.delete(path), 'basket-not-found');
    });

    it('is followed by a new one whose versions go on, even under another currency', async () => {
      const first = basketIn(await api.put(path, replacement([someItem()])), 201);
      await api.delete(path);
      const second = basketIn(await api.post(`${path}/items`, addition({ currency: 'JPY' })), 201);
      await api.delete(path);
      const third = basketIn(await api.put(path, replacement([])), 201);
      expect([first.version, second.version, third.version]).toEqual([2, 5, 8]);
      expect(second.items).toHaveLength(1);
      expect(new Set([first.basketId, second.basketId, third.basketId]).size).toBe(3);
    });
  });
});
