import fc from 'fast-check';
import { parseProductId } from '../http/product-id.js';
import { BodyValidationPipe } from '../http/validation.pipe.js';
import { AddItemBody, PutBasketBody, UpdateItemQuantityBody } from './basket.dto.js';
import { MAX_PRODUCT_NAME, MAX_UNIT_PRICE, limits } from './basket.limits.js';

const pipe = new BodyValidationPipe();
const ID = '5334c996-8457-4cf0-815c-ed2b77c4ff61';
const valid = { productId: ID, productName: 'Field notebook', unitPrice: 1250, currency: 'EUR', quantity: 2 };

const add = (change: object) => pipe.transform({ ...valid, ...change }, { type: 'body', metatype: AddItemBody });
const put = (body: object) => pipe.transform(body, { type: 'body', metatype: PutBasketBody });
const patch = (body: object) => pipe.transform(body, { type: 'body', metatype: UpdateItemQuantityBody });

const refused = (pointer: string, detail: unknown = expect.any(String)) =>
  expect.objectContaining({ code: 'validation-failed', extensions: { errors: [{ pointer, detail }] } }) as unknown;

const takes = async (field: keyof typeof valid, value: unknown, taken = value) =>
  expect(await add({ [field]: value })).toMatchObject({ ...valid, [field]: taken });
const refuses = async (field: keyof typeof valid, value: unknown, detail?: string) => {
  await expect(add({ [field]: value })).rejects.toEqual(refused(`#/${field}`, detail));
};

/** Values of every type that JSON has. */
const others = (...types: string[]) =>
  [null, undefined, true, 'text', 1, {}, [], { length: 1 }, ['text'], [1]].filter(
    (value) => !types.includes(typeof value),
  );

describe('A body to add an item', () => {
  it('is taken as it is when it is right', async () => {
    const body = await add({});
    expect(body).toBeInstanceOf(AddItemBody);
    expect(body).toEqual(valid);
  });

  it.each(Object.keys(valid))('needs its %s', async (field) => {
    const { [field]: _left, ...rest } = valid as Record<string, unknown>;
    await expect(pipe.transform(rest, { type: 'body', metatype: AddItemBody })).rejects.toEqual(refused(`#/${field}`));
  });
});

describe('productId', () => {
  it('is a UUID of any version and is kept in lower case', async () => {
    await takes('productId', ID.toUpperCase(), ID);
    await takes('productId', '00000000-0000-0000-0000-000000000000');
    await takes('productId', 'FFFFFFFF-ffff-ffff-FFFF-ffffffffffff', 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  });

  it.each([
    ...others('string'),
    '',
    'text',
    ID.slice(1),
    `${ID}0`,
    `${ID}\n`,
    ` ${ID}`,
    `{${ID}}`,
    ID.replaceAll('-', ''),
    [ID],
  ])('is not %j', async (value) => refuses('productId', value, 'must be a UUID'));

  it('is the same in a body as in a path', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uuid(),
          fc.uuid().map((id) => id.toUpperCase()),
          fc.mixedCase(fc.uuid()),
          fc.string({ unit: fc.constantFrom(...Array.from('0aFg-')), maxLength: 37 }),
        ),
        async (id) => {
          const inPath = () => parseProductId(id);
          const inBody = await add({ productId: id }).catch(() => undefined);
          if (inBody === undefined) expect(inPath).toThrow();
          else expect((inBody as AddItemBody).productId).toBe(inPath());
        },
      ),
    ));
});

describe('productName', () => {
  const detail = `must be a text of 1 to ${MAX_PRODUCT_NAME} characters, in valid Unicode and without NUL`;

  it.each(['x', ' ', 'Ünïcode ✓', '😀', 'line\nbreak', '<b>', '\u200f', '\ufffd'])('may be %j', async (value) =>
    takes('productName', value),
  );

  it.each(['x', 'é', '😀', '中'])('has at most 256 characters of %s', async (character) => {
    await takes('productName', character.repeat(MAX_PRODUCT_NAME));
    await refuses('productName', character.repeat(MAX_PRODUCT_NAME + 1), detail);
  });

  it.each([...others('string'), '', 'a\0b', '\0', '\ud800', 'a\udc00', '\ude00\ud83d', 'x'.repeat(200_000)])(
    'is not %j',
    async (value) => refuses('productName', value, detail),
  );
});

describe('unitPrice', () => {
  it.each([0, 1, MAX_UNIT_PRICE])('may be %d', async (value) => takes('unitPrice', value));

  it.each([-1, -MAX_UNIT_PRICE])('is not %d', async (value) => refuses('unitPrice', value, 'must not be less than 0'));

  it.each([MAX_UNIT_PRICE + 1, 2 ** 53 + 1, Number.MAX_VALUE])('is not %d', async (value) =>
    refuses('unitPrice', value, `must not be greater than ${MAX_UNIT_PRICE}`),
  );

  it.each([...others('number'), 0.5, 1e-9, '1250', Number.NaN, Infinity, -Infinity, [1250]])(
    'is not %j',
    async (value) => refuses('unitPrice', value, 'must be an integer number'),
  );
});

describe('quantity', () => {
  it.each([1, limits.maxQuantity])('may be %d', async (value) => {
    await takes('quantity', value);
    await expect(patch({ quantity: value })).resolves.toEqual({ quantity: value });
  });

  it.each<[unknown, string]>([
    [0, 'must not be less than 1'],
    [-0, 'must not be less than 1'],
    [-1, 'must not be less than 1'],
    [limits.maxQuantity + 1, `must not be greater than ${limits.maxQuantity}`],
    [2 ** 53, `must not be greater than ${limits.maxQuantity}`],
    [1.5, 'must be an integer number'],
    [Infinity, 'must be an integer number'],
    ...others('number').map((value): [unknown, string] => [value, 'must be an integer number']),
  ])('is not %j', async (value, detail) => {
    await refuses('quantity', value, detail);
    await expect(patch({ quantity: value })).rejects.toEqual(refused('#/quantity', detail));
  });

  it('is all that a change of quantity takes', async () => {
    await expect(patch({ quantity: 1, productName: 'Pencil' })).rejects.toEqual(
      refused('#/productName', 'is not a known field'),
    );
  });
});

describe('currency', () => {
  it.each(['EUR', 'JPY', 'XXX'])('may be %s', async (value) => takes('currency', value));

  it.each([...others('string'), '', 'eur', 'Eur', 'EU', 'EURO', ' EUR', 'EUR\n', 'EÜR', '€', ['EUR']])(
    'is not %j',
    async (value) => refuses('currency', value, 'must be an ISO 4217 code such as EUR'),
  );
});

describe('The items of a basket', () => {
  const { currency, ...item } = valid;

  it('may be none', async () => {
    await expect(put({ currency, items: [] })).resolves.toEqual({ currency, items: [] });
  });

  it('are checked each, with the place of what is wrong', async () => {
    await expect(put({ currency, items: [item, { ...item, productName: '' }] })).rejects.toEqual(
      refused('#/items/1/productName'),
    );
  });

  it('have no currency of their own', async () => {
    await expect(put({ currency, items: [valid] })).rejects.toEqual(
      refused('#/items/0/currency', 'is not a known field'),
    );
  });

  it('have their ids in lower case', async () => {
    const items = [{ ...item, productId: ID.toUpperCase() }];
    await expect(put({ currency, items })).resolves.toMatchObject({ items: [{ productId: ID }] });
  });

  it.each([null, true, 1, 'text'])('are not %j', async (element) => {
    await expect(put({ currency, items: [element] })).rejects.toEqual(refused('#/items/0'));
  });

  it.each([undefined, null, true, 1, 'text', {}, { 0: item, length: 1 }])(
    'are a list, and the refusal of %j says so',
    async (items) => {
      await expect(put({ currency, items })).rejects.toEqual(refused('#/items', 'must be an array'));
    },
  );
});
