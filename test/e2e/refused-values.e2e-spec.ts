import { randomUUID } from 'node:crypto';
import { refusal } from '../support/api.js';
import type { Answer } from '../support/contract.js';
import { servedForAll } from '../support/served.js';
import { addition, replacement, someBasket, someItem } from '../support/shopping.js';
import { exchange } from '../support/wire.js';

const json = { 'content-type': 'application/json' };

/** Values that a field does not take, by its name. */
const wrongValues: Readonly<Record<string, readonly unknown[]>> = {
  productId: [
    null,
    '',
    'abc',
    7,
    {},
    [randomUUID()],
    `{${randomUUID()}}`,
    ` ${randomUUID()}`,
    `${randomUUID()}\n`,
    true,
  ],
  productName: [null, '', 7, {}, ['a'], 'n'.repeat(257), '😀'.repeat(257), 'a\0b', '\ud800', '\udc00a', true],
  unitPrice: [null, -1, 0.5, '1', 100_000_000_001, 2 ** 53, 1e300, {}, [1], true],
  quantity: [null, 0, -1, 1.5, '1', 10_000, 2 ** 53, 1e300, {}, [1], true],
  currency: [null, '', 'eur', 'EURO', 'EU', 'E R', 7, {}, ['EUR'], 'EUR\n', 'ÉUR', true],
};

describe('refusals', () => {
  const service = servedForAll();
  const { api } = service;
  let path: string;
  let items: string;
  beforeEach(() => {
    path = someBasket();
    items = `${path}/items`;
  });

  describe('of values', () => {
    const cases = Object.entries(wrongValues).flatMap(([field, values]) =>
      values.map((value) => [field, value] as const),
    );

    it.each(cases)('%s %j tell the field', async (field, value) => {
      const tells = (answer: Answer, pointer: string) =>
        expect(refusal(answer, 'validation-failed').errors).toEqual([
          { pointer, detail: expect.any(String) as unknown },
        ]);
      tells(await api.post(items, { ...addition(), [field]: value }), `#/${field}`);
      if (field === 'quantity') tells(await api.patch(`${items}/${randomUUID()}`, { quantity: value }), '#/quantity');
      if (field === 'currency') tells(await api.put(path, { items: [], currency: value }), '#/currency');
      else
        tells(await api.put(path, replacement([someItem(), { ...someItem(), [field]: value }])), `#/items/1/${field}`);
      refusal(await api.get(path), 'basket-not-found');
    });

    it('tell everything that is wrong at once', async () => {
      const answer = await api.post(items, { productId: 'p', productName: '', unitPrice: -1, quantity: 0, extra: 1 });
      const { errors = [] } = refusal(answer, 'validation-failed');
      expect(errors.map(({ pointer }) => pointer).sort()).toEqual(
        ['currency', 'extra', 'productId', 'productName', 'quantity', 'unitPrice'].map((field) => `#/${field}`),
      );
    });

    it('tell each field that is missing', async () => {
      for (const field of Object.keys(wrongValues)) {
        const answer = await api.post(items, { ...addition(), [field]: undefined });
        expect(refusal(answer, 'validation-failed').errors).toMatchObject([{ pointer: `#/${field}` }]);
      }
    });

    it.each([
      'extra',
      'Quantity',
      'userName',
      'constructor',
      'toString',
      'valueOf',
      'hasOwnProperty',
      'isPrototypeOf',
      '',
    ])('tell fields that nobody knows: "%s"', async (field) => {
      for (const [pointer, answer] of [
        [`#/${field}`, await api.post(items, { ...addition(), [field]: 1 })],
        [`#/${field}`, await api.put(path, { ...replacement(), [field]: 1 })],
        [`#/items/0/${field}`, await api.put(path, replacement([{ ...someItem(), [field]: 1 }]))],
        [`#/${field}`, await api.patch(`${items}/${randomUUID()}`, { quantity: 1, [field]: 1 })],
      ] as const)
        expect(refusal(answer, 'validation-failed').errors).toMatchObject([{ pointer }]);
    });

    it('escape what they point at (RFC 6901)', async () => {
      const answer = await api.post(items, { ...addition(), 'a/b~c': 1 });
      expect(refusal(answer, 'validation-failed').errors).toMatchObject([{ pointer: '#/a~1b~0c' }]);
    });

    it.each([null, {}, 'abc', 7, { length: 1 }, [null], [1], ['a'], [[]], [[[]]], [[someItem()]]])(
      'tell items that are no list of items: %j',
      async (value) => {
        const { errors } = refusal(await api.put(path, { currency: 'EUR', items: value }), 'validation-failed');
        expect(errors?.[0]?.pointer).toMatch(/^#\/items/);
      },
    );

    it('tell a list of more lines than a basket holds', async () => {
      const answer = await api.put(path, replacement(Array.from({ length: 501 }, () => someItem())));
      expect(refusal(answer, 'validation-failed').errors).toMatchObject([{ pointer: '#/items' }]);
    });

    it.each(['null', '[]', '7', '"text"', 'true', `[${JSON.stringify(addition())}]`, ''])(
      'tell a body that is no object: %s',
      async (body) => {
        for (const answer of [
          await api.post(items, body),
          await api.put(path, body),
          await api.patch(`${items}/${randomUUID()}`, body),
        ])
          expect(refusal(answer, 'validation-failed').errors).toMatchObject([{ pointer: '#' }]);
      },
    );

    it('tell a product id in the path that is none', async () => {
      for (const id of ['abc', '7', `${randomUUID()}x`, `%20${randomUUID()}`, '%00', '..%2f'])
        for (const method of ['PATCH', 'DELETE']) {
          const body = method === 'PATCH' ? '{"quantity":1}' : undefined;
          const answer = await exchange(service.url, { method, target: `${items}/${id}`, headers: json, body });
          expect(refusal(answer, 'validation-failed').errors).toMatchObject([{ pointer: '#/path/productId' }]);
        }
    });
  });
});
