import type { FastifyRequest } from 'fastify';
import { commandIdentityOf } from './idempotency.js';
import { ProblemError } from './problems.js';

type Parts = Partial<Record<'method' | 'body', unknown>> & {
  readonly url?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
};

const identityOf = ({ method = 'POST', url = '/baskets/:userName/items', params = {}, headers = {}, body }: Parts) =>
  commandIdentityOf({
    ...{ method, params, body, declared: { url } },
    headers: { 'idempotency-key': 'key', ...headers },
  } as unknown as FastifyRequest<{ Params: Readonly<Record<string, string>> }>);

const fingerprintOf = (parts: Parts) => identityOf(parts)?.fingerprint;

const nested = (depth: number): unknown => JSON.parse('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));

describe('commandIdentityOf', () => {
  it('is nothing without a key', () => {
    const request = { headers: {} } as FastifyRequest<{ Params: Readonly<Record<string, string>> }>;
    expect(commandIdentityOf(request)).toBeUndefined();
  });

  it.each(['k', '!', '~', '"quoted"', 'x'.repeat(255)])('has the id %j', (key) => {
    expect(identityOf({ headers: { 'idempotency-key': key } })?.id).toBe(key);
  });

  it.each(['', ' ', 'a b', 'a\tb', 'ü', '\x7f', 'a, b', 'x'.repeat(256)])('refuses the key %j', (key) => {
    expect(() => identityOf({ headers: { 'idempotency-key': key } })).toThrow(ProblemError);
  });

  const request: Parts = { body: { productId: 'p', quantity: 1, lines: [1, { a: null }] } };

  it.each<[string, Parts]>([
    ['members in another order', { body: { lines: [1, { a: null }], quantity: 1, productId: 'p' } }],
    ['another user', { ...request, params: { userName: 'bob' } }],
    ['another request id', { ...request, headers: { 'x-request-id': 'another' } }],
  ])('knows the request again with %s', (_, other) => {
    expect(fingerprintOf(other)).toBe(fingerprintOf(request));
  });

  it('knows a product id again in either case', () => {
    const [one, other] = ['AB', 'ab'].map((productId) => fingerprintOf({ params: { productId } }));
    expect(one).toBe(other);
  });

  it.each<[string, Parts]>([
    ['another method', { ...request, method: 'PUT' }],
    ['another route', { ...request, url: '/baskets/:userName' }],
    ['another product', { ...request, params: { productId: 'q' } }],
    ['a condition', { ...request, headers: { 'if-match': '"1"' } }],
    ['that condition as another one', { ...request, headers: { 'if-none-match': '"1"' } }],
    ['another value', { body: { productId: 'p', quantity: 2, lines: [1, { a: null }] } }],
    ['another type of a value', { body: { productId: 'p', quantity: '1', lines: [1, { a: null }] } }],
    ['a list in another order', { body: { productId: 'p', quantity: 1, lines: [{ a: null }, 1] } }],
    ['a member more', { body: { productId: 'p', quantity: 1, lines: [1, { a: null, b: null }] } }],
    ['no body', {}],
  ])('tells it from one with %s', (_, other) => {
    expect(fingerprintOf(other)).not.toBe(fingerprintOf(request));
  });

  it('bears bodies of any depth, which are refused only later', () => {
    expect(fingerprintOf({ body: nested(5000) })).toMatch(/^[\w-]{43}$/);
    expect(fingerprintOf({ body: nested(5) })).not.toBe(fingerprintOf({ body: nested(6) }));
  });
});
