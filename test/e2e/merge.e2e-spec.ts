import { refusal, basketIn } from '../support/api.js';
import type { Basket } from '../support/api.js';
import { someUser } from '../support/app.js';
import type { Answer } from '../support/contract.js';
import { servedForAll } from '../support/served.js';
import { addition, basketOf, replacement, someItem } from '../support/shopping.js';

interface Merged {
  readonly basket: Basket;
  readonly report: readonly {
    readonly productId: string;
    readonly outcome: string;
    readonly guestQuantity: number;
    readonly quantity: number;
  }[];
}

function mergedIn(answer: Answer): Merged {
  expect(answer.status).toBe(200);
  const merged = JSON.parse(answer.text) as Merged;
  expect(answer.headers.etag).toBe(`"${merged.basket.version}"`);
  return merged;
}

const quantitiesOf = ({ items }: Basket) => Object.fromEntries(items.map((line) => [line.productName, line.quantity]));

describe('a merge', () => {
  const { api } = servedForAll();
  let user: string;
  let guest: string;
  let path: string;
  let from: string;
  const pen = addition({ productName: 'Pen', quantity: 2 });
  const ink = addition({ productName: 'Ink', quantity: 3 });
  beforeEach(() => {
    [user, guest] = [someUser('user'), someUser('guest')];
    [path, from] = [basketOf(user), basketOf(guest)];
  });

  const merge = (body: object = {}, headers = {}) =>
    api.post(`${path}/merge`, { fromUserName: guest, ...body }, headers);

  /** The user has two pens, the guest five and three inks. */
  async function twoBaskets() {
    await api.post(`${path}/items`, pen);
    await api.post(`${from}/items`, { ...pen, quantity: 5 });
    await api.post(`${from}/items`, ink);
  }

  it.each([
    [undefined, 7, 'merged'],
    ['sum', 7, 'merged'],
    ['max', 5, 'merged'],
    ['keep-guest', 5, 'merged'],
    ['keep-user', 2, 'kept'],
  ])('by the strategy %s makes two pens and five %d, and takes the inks', async (strategy, pens, outcome) => {
    await twoBaskets();
    const answer = await merge({ strategy });
    const { basket, report } = mergedIn(answer);
    expect(quantitiesOf(basket)).toEqual({ Pen: pens, Ink: 3 });
    expect(report).toEqual([
      { productId: pen.productId, outcome, guestQuantity: 5, quantity: pens },
      { productId: ink.productId, outcome: 'added', guestQuantity: 3, quantity: 3 },
    ]);
    expect(basketIn(await api.get(path))).toEqual(basket);
    expect(basketIn(await api.get(from))).toMatchObject({ version: 4, items: [] });
    expect(basketIn(await api.get(`${from}?version=3`)).totalItems).toBe(8);
  });

  it("opens a basket in the guest's currency for a user who has none", async () => {
    await api.post(`${from}/items`, { ...pen, currency: 'JPY' });
    const guests = basketIn(await api.get(from));
    const { basket, report } = mergedIn(await merge());
    expect(basket).toMatchObject({ version: 2, currency: 'JPY', totalItems: 2, userName: user });
    expect(basket.basketId).not.toBe(guests.basketId);
    expect(report).toEqual([{ productId: pen.productId, outcome: 'added', guestQuantity: 2, quantity: 2 }]);
  });

  it('cuts and drops what is beyond the limits, and reports each line', async () => {
    const full = Array.from({ length: 499 }, () => someItem({ quantity: 1 }));
    const { currency: _, ...pens } = { ...pen, quantity: 9998 };
    await api.put(path, replacement([pens, ...full]));
    await api.post(`${from}/items`, pen);
    await api.post(`${from}/items`, ink);
    const { basket, report } = mergedIn(await merge());
    expect(basket.items).toHaveLength(500);
    expect(report.map(({ outcome, quantity }) => [outcome, quantity])).toEqual([
      ['capped', 9999],
      ['dropped', 0],
    ]);
    expect(basketIn(await api.get(from)).items).toEqual([]);
  });

  it('is in the history of both', async () => {
    await twoBaskets();
    await merge({ strategy: 'max' });
    const lastOf = async (whose: string) =>
      (JSON.parse((await api.get(`${whose}/history`)).text) as { events: { type: string; data: object }[] }).events.at(
        -1,
      );
    const guests = basketIn(await api.get(from));
    expect(await lastOf(path)).toMatchObject({
      type: 'BasketsMerged',
      data: { fromUserName: guest, fromBasketId: guests.basketId, fromVersion: 3, strategy: 'max' },
    });
    expect(await lastOf(from)).toMatchObject({ type: 'BasketCleared' });
  });

  it('changes nothing when it is done again, and tells what became of the lines', async () => {
    await twoBaskets();
    const first = await merge();
    for (const body of [{}, { strategy: 'keep-guest' }]) {
      const again = await merge(body);
      expect(again.text).toBe(first.text);
      expect(again.headers['idempotent-replay']).toBeUndefined();
    }
    expect(basketIn(await api.get(from)).version).toBe(4);
  });

  it('takes what the guest has added since', async () => {
    await twoBaskets();
    await merge();
    await api.post(`${from}/items`, ink);
    const { basket, report } = mergedIn(await merge());
    expect(quantitiesOf(basket)).toEqual({ Pen: 7, Ink: 6 });
    expect(report).toEqual([{ productId: ink.productId, outcome: 'merged', guestQuantity: 3, quantity: 6 }]);
  });

  it('of a guest whose basket is empty changes nothing', async () => {
    await api.put(from, replacement());
    const before = basketIn(await api.post(`${path}/items`, pen), 201);
    expect(mergedIn(await merge())).toEqual({ basket: before, report: [] });
    expect(basketIn(await api.get(from)).version).toBe(2);
  });

  it('is answered as it was with its key, whatever happened since', async () => {
    await twoBaskets();
    const key = { 'idempotency-key': 'login-1' };
    const first = await merge({ strategy: 'max' }, key);
    await api.post(`${from}/items`, ink);
    await api.delete(path);
    const again = await merge({ strategy: 'max' }, key);
    expect(again.text).toBe(first.text);
    expect(again.headers['idempotent-replay']).toBe('true');
    refusal(await merge({ strategy: 'sum' }, key), 'idempotency-key-reused');
    await api.delete(from);
    expect((await merge({ strategy: 'max' }, key)).text).toBe(first.text);
  });

  it('takes the lines once, however many ask for it at the same time', async () => {
    await twoBaskets();
    const answers = await Promise.all(Array.from({ length: 20 }, () => merge()));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(quantitiesOf(basketIn(await api.get(path)))).toEqual({ Pen: 7, Ink: 3 });
    expect(basketIn(await api.get(from)).items).toEqual([]);
  });

  describe('is refused', () => {
    it('when the guest has no basket: never one, or none any more', async () => {
      await api.post(`${path}/items`, pen);
      expect(refusal(await merge(), 'basket-not-found').detail).toBe(`${guest} has no basket.`);
      await api.post(`${from}/items`, pen);
      await api.delete(from);
      refusal(await merge(), 'basket-not-found');
      await api.post(`${from}/items`, pen);
      await api.post(`${from}/checkout`, { version: 5 });
      refusal(await merge(), 'basket-not-found');
      expect(basketIn(await api.get(path)).version).toBe(2);
    });

    it('when there is nothing to merge and the user has no basket', async () => {
      await api.put(from, replacement());
      expect(refusal(await merge(), 'basket-not-found').detail).toBe(`${user} has no basket.`);
    });

    it.each(['sum', 'max', 'keep-user', 'keep-guest'])('between two currencies, with %s', async (strategy) => {
      await twoBaskets();
      await api.delete(path);
      await api.post(`${path}/items`, { ...pen, currency: 'USD' });
      refusal(await merge({ strategy }), 'currency-mismatch');
      expect(basketIn(await api.get(from)).totalItems).toBe(8);
    });

    it('when If-Match does not hold for the user', async () => {
      await twoBaskets();
      for (const value of ['"1"', '"3"'])
        expect(refusal(await merge({}, { 'if-match': value }), 'version-mismatch').currentVersion).toBe(2);
      expect(basketIn(await api.get(from)).totalItems).toBe(8);
      expect(mergedIn(await merge({}, { 'if-match': '"2"' })).basket.version).toBe(3);
      expect(refusal(await merge({}, { 'if-match': '"2"' }), 'version-mismatch').currentVersion).toBe(3);
    });

    it('when If-Match wants a basket of a user who has none', async () => {
      await api.post(`${from}/items`, pen);
      expect(refusal(await merge({}, { 'if-match': '*' }), 'version-mismatch').currentVersion).toBe(0);
    });

    it('into the same user, however the name is written', async () => {
      const name = `am\u00e9lie-${user}`;
      for (const spelled of [name, name.normalize('NFD')]) {
        const answer = await api.post(`${basketOf(name)}/merge`, { fromUserName: spelled });
        expect(refusal(answer, 'validation-failed').errors).toMatchObject([{ pointer: '#/fromUserName' }]);
      }
    });

    it.each([undefined, null, '', 7, {}, ['a'], 'a/b', 'a\0', '\ud800', '..', 'n'.repeat(129)])(
      'when the guest is %j',
      async (fromUserName) => {
        const { errors } = refusal(await merge({ fromUserName }), 'validation-failed');
        expect(errors).toMatchObject([{ pointer: '#/fromUserName' }]);
      },
    );

    it.each([null, '', 'SUM', 'toString', 7, ['sum'], {}])('when the strategy is %j', async (strategy) => {
      const { errors } = refusal(await merge({ strategy }), 'validation-failed');
      expect(errors).toMatchObject([{ pointer: '#/strategy' }]);
    });

    it('with an unknown field', async () => {
      const { errors } = refusal(await merge({ from: guest }), 'validation-failed');
      expect(errors).toMatchObject([{ pointer: '#/from' }]);
    });
  });

  it('finds the guest by any spelling of the name', async () => {
    const name = `am\u00e9lie-${guest}`;
    await api.post(`${basketOf(name)}/items`, pen);
    expect(mergedIn(await merge({ fromUserName: name.normalize('NFD') })).basket.totalItems).toBe(2);
  });
});
