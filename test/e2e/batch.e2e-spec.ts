import { randomUUID } from 'node:crypto';
import { basketIn, refusal } from '../support/api.js';
import { servedForAll } from '../support/served.js';
import { addition, replacement, someBasket, someItem } from '../support/shopping.js';

const add = (item = addition()) => ({ type: 'add-item', ...item });
const set = (productId: string, quantity: number) => ({ type: 'update-item-quantity', productId, quantity });
const drop = (productId: string) => ({ type: 'delete-item', productId });
const clear = { type: 'clear' };

describe('a batch', () => {
  const { api } = servedForAll();
  let path: string;
  let batch: string;
  beforeEach(() => {
    path = someBasket();
    batch = `${path}/batch`;
  });

  async function typesOf() {
    const { text } = await api.get(`${path}/history?limit=200`);
    return (JSON.parse(text) as { events: { type: string }[] }).events.map(({ type }) => type);
  }

  it('takes effect in order, one version for each event', async () => {
    const [kept, dropped] = [addition({ quantity: 1 }), addition()];
    const before = basketIn(await api.put(path, replacement([someItem()])), 201);
    const commands = [clear, add(kept), add(dropped), add(kept), set(kept.productId, 9), drop(dropped.productId)];
    const answer = await api.post(batch, { commands });
    const after = basketIn(answer);
    expect(after).toMatchObject({ version: 8, basketId: before.basketId, totalItems: 9 });
    expect(after.items.map(({ productId, quantity }) => [productId, quantity])).toEqual([[kept.productId, 9]]);
    expect((await api.get(path)).text).toBe(answer.text);
    expect((await typesOf()).slice(2)).toEqual([
      ...['BasketCleared', 'BasketItemAdded', 'BasketItemAdded', 'BasketItemAdded'],
      ...['BasketItemQuantityUpdated', 'BasketItemRemoved'],
    ]);
  });

  it('opens a basket', async () => {
    const { version, items } = basketIn(await api.post(batch, { commands: [add(), add(), add()] }));
    expect([version, items.length]).toEqual([4, 3]);
  });

  it('takes 250 commands', async () => {
    const commands = Array.from({ length: 250 }, () => add(addition({ quantity: 1 })));
    expect(basketIn(await api.post(batch, { commands }))).toMatchObject({ version: 251, totalItems: 250 });
    expect(basketIn(await api.get(`${path}?version=101`)).items).toHaveLength(100);
  });

  it('stores nothing when it changes nothing', async () => {
    const item = addition({ quantity: 2 });
    const before = basketIn(await api.post(`${path}/items`, item), 201);
    expect(basketIn(await api.post(batch, { commands: [set(item.productId, 2)] }))).toEqual(before);
  });

  it('loses nothing of others that run at the same time', async () => {
    await api.put(path, replacement());
    const shared = addition({ quantity: 1 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post(batch, { commands: [add(shared), add(addition({ quantity: 1 }))] })),
    );
    for (const answer of answers) expect(answer.status).toBe(200);
    const { items, version } = basketIn(await api.get(path));
    expect([items.length, version]).toEqual([21, 42]);
    expect(items.find(({ productId }) => productId === shared.productId)?.quantity).toBe(20);
  });

  describe('of which one command is refused does nothing and names it:', () => {
    const there = addition({ quantity: 9999 });
    const free = addition({ unitPrice: 0 });
    const dear = () => add(addition({ unitPrice: 100_000_000_000, quantity: 9999 }));

    it.each([
      ['item-not-found', 1, [add(free), drop(randomUUID())]],
      ['item-not-found', 2, [add(free), drop(free.productId), set(free.productId, 1)]],
      ['currency-mismatch', 1, [add(free), add(addition({ currency: 'USD' })), drop(randomUUID())]],
      ['quantity-limit', 1, [add(free), add({ ...there, quantity: 1 })]],
      ['total-limit', 9, Array.from({ length: 12 }, dear)],
    ] as const)('%s, %d', async (code, index, commands) => {
      await api.post(`${path}/items`, there);
      const before = await api.get(path);
      expect(refusal(await api.post(batch, { commands }), code)).toMatchObject({ index, instance: batch });
      expect((await api.get(path)).text).toBe(before.text);
    });

    it('too-many-lines', async () => {
      await api.put(path, replacement(Array.from({ length: 499 }, () => someItem({ quantity: 1 }))));
      expect(refusal(await api.post(batch, { commands: [add(), add()] }), 'too-many-lines').index).toBe(1);
      expect(basketIn(await api.get(path))).toMatchObject({ version: 2 });
    });

    it('basket-not-found', async () => {
      for (const commands of [[clear], [drop(randomUUID()), add()], [set(randomUUID(), 1)]])
        expect(refusal(await api.post(batch, { commands }), 'basket-not-found').index).toBe(0);
      refusal(await api.get(path), 'basket-not-found');
    });
  });

  describe('that is none is refused:', () => {
    it.each([undefined, null, {}, 'add-item', 7, [], [null], [7], [[]], [{}], [[add()]]])('%j', async (commands) => {
      const { errors } = refusal(await api.post(batch, { commands }), 'validation-failed');
      expect(errors?.[0]?.pointer).toMatch(/^#\/commands/);
    });

    it('251 commands', async () => {
      const commands = Array.from({ length: 251 }, () => clear);
      const { errors } = refusal(await api.post(batch, { commands }), 'validation-failed');
      expect(errors).toMatchObject([{ pointer: '#/commands' }]);
    });

    it.each([undefined, null, '', 'Clear', 'put', 'toString', '__proto__', 7, ['clear'], {}])(
      'a command of type %j',
      async (type) => {
        const { errors } = refusal(await api.post(batch, { commands: [add(), { type }] }), 'validation-failed');
        expect(errors).toContainEqual({ pointer: '#/commands/1/type', detail: expect.any(String) as unknown });
      },
    );

    it.each([
      ['currency', { ...add(), currency: 'eur' }],
      ['currency', { ...add(), currency: undefined }],
      ['unitPrice', { ...add(), unitPrice: -1 }],
      ['quantity', { ...add(), quantity: 10_000 }],
      ['quantity', set(randomUUID(), 0)],
      ['productId', set('p', 1)],
      ['productId', drop('p')],
      ['productId', { type: 'delete-item' }],
      ['quantity', { ...drop(randomUUID()), quantity: 1 }],
      ['currency', { ...set(randomUUID(), 1), currency: 'EUR' }],
      ['productId', { ...clear, productId: randomUUID() }],
      ['extra', { ...clear, extra: 1 }],
    ])('a command whose %s is wrong or unknown: %j', async (field, command) => {
      const { errors } = refusal(await api.post(batch, { commands: [add(), command] }), 'validation-failed');
      expect(errors).toMatchObject([{ pointer: `#/commands/1/${field}` }]);
      refusal(await api.get(path), 'basket-not-found');
    });

    it('an unknown field beside the commands', async () => {
      const { errors } = refusal(await api.post(batch, { commands: [add()], extra: 1 }), 'validation-failed');
      expect(errors).toMatchObject([{ pointer: '#/extra' }]);
    });
  });
});
