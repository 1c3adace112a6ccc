import { basketIn, refusal } from '../support/api.js';
import type { Basket } from '../support/api.js';
import type { Answer } from '../support/contract.js';
import { servedForAll } from '../support/served.js';
import { addition, replacement, someBasket, someItem } from '../support/shopping.js';

interface CheckedOut {
  readonly basketId: string;
  readonly version: number;
  readonly checkedOutAt: string;
}

function checkedOutIn(answer: Answer): CheckedOut {
  expect(answer.status).toBe(202);
  return JSON.parse(answer.text) as CheckedOut;
}

describe('a checkout', () => {
  const { api } = servedForAll();
  let path: string;
  let checkout: string;
  let basket: Basket;
  beforeEach(async () => {
    path = someBasket();
    checkout = `${path}/checkout`;
    basket = basketIn(await api.put(path, replacement([someItem(), someItem({ unitPrice: 90, quantity: 3 })])), 201);
  });

  async function lastEvent() {
    const { text } = await api.get(`${path}/history`);
    return (JSON.parse(text) as { events: { type: string; data: unknown; occurredAt: string }[] }).events.at(-1);
  }

  it('hands over the version that the shopper saw and stores it for ordering', async () => {
    const answer = await api.post(checkout, { version: 2 });
    expect(answer.headers.etag).toBe('"3"');
    const event = await lastEvent();
    expect(checkedOutIn(answer)).toEqual({ basketId: basket.basketId, version: 3, checkedOutAt: event?.occurredAt });
    expect(event).toMatchObject({
      type: 'BasketCheckedOut',
      data: {
        items: basket.items.map(({ productId, productName, unitPrice, quantity }) => ({
          ...{ productId, productName, unitPrice, quantity },
        })),
        totalPrice: basket.totalPrice,
        currency: 'EUR',
      },
    });
  });

  it('closes the basket: it is found by no route, and cached by none', async () => {
    await api.get(path);
    await api.post(checkout, { version: 2 });
    for (const answer of [
      await api.get(path),
      await api.get(path, { 'if-none-match': '"3"' }),
      await api.get(`${path}/summary`),
      await api.delete(path),
      await api.delete(`${path}/items`),
      await api.patch(`${path}/items/${basket.items[0]?.productId ?? ''}`, { quantity: 1 }),
      await api.post(checkout, { version: 2 }),
      await api.post(checkout, { version: 3 }),
    ])
      refusal(answer, 'basket-not-found');
  });

  it.each<[string, () => Promise<Answer>]>([
    ['POST', () => api.post(`${path}/items`, addition({ currency: 'JPY' }))],
    ['PUT', () => api.put(path, replacement([], 'JPY'), { 'if-none-match': '*' })],
  ])('lets the next %s open another basket, whose versions go on', async (_, open) => {
    await api.post(checkout, { version: 2 });
    const next = basketIn(await open(), 201);
    expect(next).toMatchObject({ version: 5, currency: 'JPY' });
    expect(next.basketId).not.toBe(basket.basketId);
    expect(next.createdAt >= basket.updatedAt).toBe(true);
    expect(basketIn(await api.get(path))).toEqual(next);
  });

  it.each([1, 3, 4, 2 ** 31 - 1])('of version %d of a basket at 2 is a conflict that tells', async (version) => {
    expect(refusal(await api.post(checkout, { version }), 'conflict').currentVersion).toBe(2);
    expect(basketIn(await api.get(path))).toEqual(basket);
  });

  it('of an empty basket is refused', async () => {
    await api.delete(`${path}/items`);
    refusal(await api.post(checkout, { version: 3 }), 'basket-empty');
    expect(refusal(await api.post(checkout, { version: 2 }), 'conflict').currentVersion).toBe(3);
  });

  it('is not found when there is no basket', async () => {
    const none = someBasket();
    refusal(await api.post(`${none}/checkout`, { version: 1 }), 'basket-not-found');
    refusal(await api.post(`${none}/checkout`, { version: 1 }, { 'if-match': '"1"' }), 'basket-not-found');
  });

  it('holds to If-Match before it looks at the version', async () => {
    const condition = { 'if-match': '"1"' };
    expect(refusal(await api.post(checkout, { version: 1 }, condition), 'version-mismatch').currentVersion).toBe(2);
    expect(refusal(await api.post(checkout, { version: 2 }, condition), 'version-mismatch').currentVersion).toBe(2);
    expect(refusal(await api.post(checkout, { version: 1 }, { 'if-match': '"2"' }), 'conflict').currentVersion).toBe(2);
    expect((await api.post(checkout, { version: 2 }, { 'if-match': '"2"' })).status).toBe(202);
  });

  it('happens once, however many ask for it at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.post(checkout, { version: 2 })));
    const done = answers.filter(({ status }) => status === 202);
    expect(done).toHaveLength(1);
    for (const answer of answers) if (answer !== done[0]) refusal(answer, 'basket-not-found');
  });

  it('happens once and is answered alike with one key', async () => {
    const key = { 'idempotency-key': 'order-1' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.post(checkout, { version: 2 }, key)));
    const texts = new Set(answers.map(({ status, text }) => `${status} ${text}`));
    expect(texts.size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotent-replay'] === undefined)).toHaveLength(1);
    basketIn(await api.post(`${path}/items`, addition()), 201);
    const again = await api.post(checkout, { version: 2 }, key);
    expect(`${again.status} ${again.text}`).toBe([...texts][0]);
    expect(basketIn(await api.get(path)).version).toBe(5);
  });

  it('takes part of additions at the same time or none of it, never something unseen', async () => {
    for (let round = 0; round < 5; round++) {
      const own = someBasket();
      const seen = basketIn(await api.post(`${own}/items`, addition()), 201);
      const [out] = await Promise.all([
        api.post(`${own}/checkout`, { version: seen.version }),
        api.post(`${own}/items`, addition()),
      ]);
      const left = basketIn(await api.get(own));
      if (out.status === 202) expect(left.basketId).not.toBe(seen.basketId);
      else expect(refusal(out, 'conflict').currentVersion).toBe(3);
      expect(left.items).toHaveLength(out.status === 202 ? 1 : 2);
    }
  });

  it.each([undefined, null, 0, -1, 1.5, '2', 2 ** 31, [], {}])('of version %j is refused', async (version) => {
    const { errors } = refusal(await api.post(checkout, { version }), 'validation-failed');
    expect(errors).toMatchObject([{ pointer: '#/version' }]);
  });

  it('with an unknown field is refused', async () => {
    const { errors } = refusal(await api.post(checkout, { version: 2, currency: 'EUR' }), 'validation-failed');
    expect(errors).toMatchObject([{ pointer: '#/currency' }]);
  });
});
