import { PutBasketBody, UpdateItemQuantityBody } from '../basket/basket.dto.js';
import { limits } from '../basket/basket.limits.js';
import { BodyValidationPipe } from './validation.pipe.js';

const pipe = new BodyValidationPipe();
const put = (body: unknown) => pipe.transform(body, { type: 'body', metatype: PutBasketBody });
const patch = (body: unknown) => pipe.transform(body, { type: 'body', metatype: UpdateItemQuantityBody });

const item = {
  productId: '5334c996-8457-4cf0-815c-ed2b77c4ff61',
  productName: 'Field notebook',
  unitPrice: 1250,
  quantity: 2,
};
const basket = (items: unknown, more: object = {}) => ({ currency: 'EUR', items, ...more });

/** @param errors pairs of pointer and detail */
const refused = (...errors: [string, string][]) =>
  expect.objectContaining({
    code: 'validation-failed',
    extensions: { errors: errors.map(([pointer, detail]) => ({ pointer, detail })) },
  }) as unknown;

const nested = (levels: number, inmost: unknown = {}): unknown =>
  Array.from({ length: levels }).reduce((inner) => ({ a: inner }), inmost);

describe('A body', () => {
  it('becomes an instance of its class, down to its items', async () => {
    const body = (await put(basket([item]))) as PutBasketBody;
    expect(body).toBeInstanceOf(PutBasketBody);
    expect(body).toEqual(basket([item]));
    expect(body.items[0]?.constructor.name).toBe('ItemBody');
  });

  it.each([undefined, null, 'text', '', 7, Number.NaN, true, [], [basket([])]])(
    '%j is refused: it is no object',
    async (body) => {
      await expect(put(body)).rejects.toEqual(refused(['#', 'must be a JSON object']));
    },
  );

  it('is told everything that is wrong with it at once, one thing a field', async () => {
    await expect(
      put({
        currency: 'euro',
        items: [
          { ...item, quantity: 'two' },
          { ...item, unitPrice: -1 },
        ],
      }),
    ).rejects.toEqual(
      refused(
        ['#/currency', 'must be an ISO 4217 code such as EUR'],
        ['#/items/0/quantity', 'must be an integer number'],
        ['#/items/1/unitPrice', 'must not be less than 0'],
      ),
    );
  });

  it('is told at most a hundred things', async () => {
    const outcome = put(basket(Array.from({ length: limits.maxLines }, () => ({}))));
    await expect(outcome).rejects.toMatchObject({ code: 'validation-failed', extensions: { errors: { length: 100 } } });
  });

  it('is not quoted in the refusal', async () => {
    const secret = 'sekrit-4111';
    const outcome = put({
      currency: secret,
      items: [{ ...item, productId: secret, quantity: secret, unitPrice: secret }],
    });
    const error = await outcome.catch((reason: unknown) => reason);
    expect(JSON.stringify(error)).toContain('#/items/0/quantity');
    expect(JSON.stringify(error)).not.toContain(secret);
  });
});

describe('An unknown field', () => {
  const unknown = 'is not a known field';

  it('is refused where it stands', async () => {
    await expect(patch({ quantity: 1, qty: 1 })).rejects.toEqual(refused(['#/qty', unknown]));
    await expect(put(basket([item, { ...item, colour: 'red' }]))).rejects.toEqual(
      refused(['#/items/1/colour', unknown]),
    );
  });

  it('has ~ and / escaped in its pointer', async () => {
    await expect(patch({ quantity: 1, 'a/b~c~1': 1 })).rejects.toEqual(refused(['#/a~1b~0c~01', unknown]));
    await expect(put(basket([{ ...item, '~/': 1 }]))).rejects.toEqual(refused(['#/items/0/~0~1', unknown]));
  });

  it.each(['', ' ', '$&', '0', 'length', 'prototype', 'then', 'toJSON', '%s'])('may have the name %j', async (name) => {
    await expect(patch({ quantity: 1, [name]: 1 })).rejects.toEqual(refused([`#/${name}`, unknown]));
  });

  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__', '__proto__'])(
    'is not overlooked because every object has %s',
    async (name) => {
      const member = `"${name}":1`;
      await expect(patch(JSON.parse(`{"quantity":1,${member}}`))).rejects.toEqual(refused([`#/${name}`, unknown]));
      await expect(put(JSON.parse(`{"currency":"EUR","items":[{${member}}]}`))).rejects.toMatchObject({
        extensions: { errors: expect.arrayContaining([{ pointer: `#/items/0/${name}`, detail: unknown }]) as unknown },
      });
    },
  );

  it.each(['{"__proto__":{"quantity":1}}', '{"constructor":{"prototype":{"quantity":1}}}'])(
    '%s gives no value to the known ones',
    async (json) => {
      await expect(patch(JSON.parse(json))).rejects.toMatchObject({ code: 'validation-failed' });
      expect({}).not.toHaveProperty('quantity');
    },
  );
});

describe('A body that is costly to look at', () => {
  /** A list that counts how often somebody looks into it. */
  const watched = <T extends object>(target: T) => {
    const looks = { count: 0 };
    const count = <R>(result: R): R => {
      looks.count++;
      return result;
    };
    const proxy = new Proxy(target, {
      get: (object, key) => count(Reflect.get(object, key) as unknown),
      getOwnPropertyDescriptor: (object, key) => count(Reflect.getOwnPropertyDescriptor(object, key)),
    });
    return { proxy, looks };
  };

  it('may hold as many elements as a basket lines', async () => {
    const items = Array.from({ length: limits.maxLines }, () => ({ ...item }));
    await expect(put(basket(items))).resolves.toBeInstanceOf(PutBasketBody);
  });

  it('may not hold one more', async () => {
    const items = Array.from({ length: limits.maxLines + 1 }, () => ({ ...item }));
    await expect(put(basket(items))).rejects.toEqual(
      refused(['#/items', `must contain no more than ${limits.maxLines} elements`]),
    );
  });

  it.each(['items', 'unknown'])('is refused for 87,000 elements in %s before one is looked at', async (name) => {
    const { proxy, looks } = watched(Array<null>(87_000).fill(null));
    await expect(put({ [name]: proxy })).rejects.toEqual(
      refused([`#/${name}`, `must contain no more than ${limits.maxLines} elements`]),
    );
    expect(looks.count).toBeLessThan(10);
  });

  it('is refused for thousands of unknown fields before each is looked at many times', async () => {
    const fields = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`field${n}`, 1]));
    const { proxy, looks } = watched(fields);
    await expect(put(basket([proxy]))).rejects.toMatchObject({ code: 'validation-failed' });
    expect(looks.count).toBeLessThan(3 * 5000);
  });

  it('is refused for a list in place of an item before that is looked at', async () => {
    const { proxy, looks } = watched(Array.from({ length: limits.maxLines }, () => ({})));
    await expect(put(basket([proxy]))).rejects.toMatchObject({ code: 'validation-failed' });
    expect(looks.count).toBeLessThan(limits.maxLines);
  });

  it.each<[string, unknown]>([
    ['an empty list', []],
    ['a list of an item', [item]],
    ['a list of lists', [[item]]],
  ])('is refused for %s in place of an item', async (_, element) => {
    await expect(put(basket([element]))).rejects.toMatchObject({ code: 'validation-failed' });
  });

  it('may be six levels deep', async () => {
    await expect(patch(nested(5))).rejects.toMatchObject({
      extensions: { errors: expect.arrayContaining([{ pointer: '#/a', detail: 'is not a known field' }]) as unknown },
    });
  });

  it('is refused at the seventh level, and 50,000 do not harm it', async () => {
    const seventh = refused(['#/a/a/a/a/a/a', 'is nested too deep']);
    await expect(patch(nested(6))).rejects.toEqual(seventh);
    await expect(patch(nested(50_000))).rejects.toEqual(seventh);
  });

  it('is refused for lists within lists', async () => {
    const lists = Array.from({ length: 50_000 }).reduce<unknown>((inner) => [inner], []);
    await expect(put(basket(lists))).rejects.toMatchObject({ code: 'validation-failed' });
  });
});

describe('What is no body', () => {
  it('is left alone', async () => {
    await expect(pipe.transform('7', { type: 'param', metatype: String })).resolves.toBe('7');
    await expect(pipe.transform(null, { type: 'custom' })).resolves.toBeNull();
  });
});
