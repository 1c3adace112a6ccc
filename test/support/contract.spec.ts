import { checkAnswer, isDeclaredBody, operationOf, operations, sampleBody } from './contract.js';
import type { Answer } from './contract.js';

const basket = {
  ...{
    userName: 'alice',
    basketId: '019ab3c2-7d1e-7c4a-9f2e-0d5b8f1c2a33',
    status: 'active',
    version: 7,
    currency: 'EUR',
  },
  items: [
    {
      ...{
        productId: '5334c996-8457-4cf0-815c-ed2b77c4ff61',
        productName: 'Pen',
        unitPrice: 5,
        quantity: 2,
        lineTotal: 10,
      },
      addedAt: '2026-11-23T09:15:02.113Z',
    },
  ],
  ...{ totalItems: 2, totalPrice: 10, createdAt: '2026-11-23T09:15:02.113Z', updatedAt: '2026-11-23T09:15:02.113Z' },
};
const [line] = basket.items;

const found = (body: object = basket, headers: Answer['headers'] = {}): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json; charset=utf-8', 'x-request-id': 'r', etag: '"7"', ...headers },
  text: JSON.stringify(body),
});

const problem = {
  ...{ type: 'https://basket.example/problems/basket-not-found', title: 'The user has no basket', status: 404 },
  ...{ detail: 'alice has no basket.', instance: '/baskets/alice', code: 'basket-not-found', requestId: 'r' },
};

const refused = (body: object = problem, headers: Answer['headers'] = {}, status = 404): Answer => ({
  status,
  headers: { 'content-type': 'application/problem+json; charset=utf-8', 'x-request-id': 'r', ...headers },
  text: JSON.stringify(body),
});

describe('the contract check', () => {
  const check =
    (answer: Answer, method = 'GET') =>
    () =>
      checkAnswer(method, '/baskets/alice', answer);

  it('lets through what is declared', () => {
    expect(check(found())).not.toThrow();
    expect(check(refused())).not.toThrow();
    expect(check({ ...found(), status: 304, headers: { 'x-request-id': 'r', etag: '"7"' }, text: '' })).not.toThrow();
    expect(check({ status: 204, headers: { 'x-request-id': 'r' }, text: '' }, 'DELETE')).not.toThrow();
    expect(check({ ...found(), text: '' }, 'HEAD')).not.toThrow();
  });

  const undeclared: readonly (readonly [what: string, answer: Answer, reason: RegExp, method?: string])[] = [
    ['a status', { ...found(), status: 202 }, /getBasket declares no 202/],
    ['a status of another operation', { ...found(), status: 201 }, /getBasket declares no 201/],
    ['a content type', found(basket, { 'content-type': 'text/plain' }), /content type text\/plain is not declared/],
    ['a missing content type', found(basket, { 'content-type': undefined }), /content type {2}is not declared/],
    ['a missing ETag', found(basket, { etag: undefined }), /ETag is missing/],
    ['a weak ETag', found(basket, { etag: 'W/"7"' }), /ETag must match pattern/],
    ['a missing request id', found(basket, { 'x-request-id': undefined }), /X-Request-Id is missing/],
    ['an unknown member', found({ ...basket, extra: 1 }), /unevaluated/],
    ['an unknown member of a line', found({ ...basket, items: [{ ...line, extra: 1 }] }), /unevaluated/],
    ['a missing member', found({ ...basket, totalPrice: undefined }), /totalPrice/],
    ['a wrong type', found({ ...basket, version: '7' }), /version must be integer/],
    ['a time that is none', found({ ...basket, updatedAt: 'yesterday' }), /date-time/],
    ['a body that is no JSON', { ...found(), text: '{' }, /the body must be object/],
    ['a body where there is none', { ...found(), status: 304 }, /has a body, none is declared/],
    ['a missing Location', { ...found(), status: 201 }, /Location is missing/, 'PUT'],
    ['a missing Retry-After', refused({ ...problem, status: 503 }, {}, 503), /Retry-After is missing/],
    ['an unknown code', refused({ ...problem, code: 'oops' }), /oops is no code/],
    ['a code of another status', refused({ ...problem, code: 'item-not-found' }), /type is/],
    ['another status than it says', refused(problem, {}, 400), /another status/],
    ['another title', refused({ ...problem, title: 'Oops' }), /title is Oops/],
    ['another request id', refused({ ...problem, requestId: 'q' }), /requestId is q/],
    ['another path', refused({ ...problem, instance: '/baskets/bob' }), /instance is another path/],
    ['errors without reason', refused({ ...problem, errors: [] }), /errors are there without reason/],
    ['a version without reason', refused({ ...problem, currentVersion: 1 }), /currentVersion is wrong/],
  ];

  it.each(undeclared.map(([what, answer, reason, method]) => ({ what, answer, reason, method })))(
    'refuses $what',
    ({ answer, reason, method }) => {
      expect(check(answer, method)).toThrow(reason);
    },
  );

  it('wants a problem document where there is no operation', () => {
    expect(() => checkAnswer('GET', '/nothing', found())).toThrow(/is not refused by a problem/);
    expect(() => checkAnswer('POST', '/baskets/alice', found())).toThrow(/is not refused by a problem/);
  });

  it('knows the operation of a request', () => {
    expect(operationOf('GET', '/Baskets/a%2Fb/?x=/y')?.operationId).toBe('getBasket');
    expect(operationOf('DELETE', '/baskets/a/items')?.operationId).toBe('clearBasket');
    expect(operationOf('HEAD', '/health/live')?.operationId).toBe('getLiveness');
    expect(operationOf('POST', '/baskets/a')).toBeUndefined();
    // The router overlooks one slash at the end.
    expect(operationOf('PUT', '/baskets/a//')).toBeUndefined();
    expect(operationOf('GET', '/baskets//items')).toBeUndefined();
  });

  it('knows the bodies that an operation takes', () => {
    const add = operations.find(({ operationId }) => operationId === 'addItem');
    if (!add) throw new Error('addItem is not declared.');
    const sample = sampleBody(add) as object;
    expect(isDeclaredBody(add, sample)).toBe(true);
    expect(isDeclaredBody(add, { ...sample, quantity: 0 })).toBe(false);
    expect(isDeclaredBody(add, { ...sample, toString: 1 })).toBe(false);
    expect(isDeclaredBody(add, undefined)).toBe(false);
  });
});
