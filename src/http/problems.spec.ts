import { problemDocument, problems, validationFailed } from './problems.js';
import type { ProblemCode } from './problems.js';

const BASE = 'https://shop.example/problems/';
const parse = (occurrence: Parameters<typeof problemDocument>[1]) =>
  JSON.parse(problemDocument(BASE, occurrence).body) as Record<string, unknown>;

describe('The codes of problems', () => {
  it('have the statuses of the contract', () =>
    expect(Object.fromEntries(Object.entries(problems).map(([code, { status }]) => [code, status]))).toMatchObject({
      'validation-failed': 400,
      'malformed-json': 400,
      'malformed-request': 400,
      unauthenticated: 401,
      forbidden: 403,
      'basket-not-found': 404,
      'item-not-found': 404,
      'route-not-found': 404,
      'request-timeout': 408,
      conflict: 409,
      'version-mismatch': 412,
      'payload-too-large': 413,
      'uri-too-long': 414,
      'unsupported-media-type': 415,
      'currency-mismatch': 422,
      'duplicate-product': 422,
      'too-many-lines': 422,
      'quantity-limit': 422,
      'total-limit': 422,
      'rate-limited': 429,
      'headers-too-large': 431,
      internal: 500,
      'database-unavailable': 503,
      'authentication-unavailable': 503,
      overloaded: 503,
    } satisfies Partial<Record<ProblemCode, number>>));

  it.each(Object.entries(problems))('%s is an error with a title of its own', (_, { status, title }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(Object.values(problems).filter((other) => other.title === title)).toHaveLength(1);
  });

  it('tell when to try again where that may help: after a conflict and when the service cannot serve', () => {
    for (const [code, problem] of Object.entries(problems) as [ProblemCode, { status: number }][]) {
      const { headers } = problemDocument(BASE, { code, detail: '' });
      if ([409, 429, 503].includes(problem.status)) expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
      else expect(headers).not.toHaveProperty('retry-after');
    }
  });
});

describe('A problem document', () => {
  it('has the members of RFC 9457 and ours', () => {
    const { status, headers, body } = problemDocument(BASE, {
      code: 'item-not-found',
      detail: 'Product 1 is not in the basket of "alice".',
      instance: '/baskets/alice/items/1',
      requestId: 'r-1',
    });
    expect(status).toBe(404);
    expect(headers).toStrictEqual({ 'content-type': 'application/problem+json; charset=utf-8' });
    expect(JSON.parse(body)).toStrictEqual({
      type: 'https://shop.example/problems/item-not-found',
      title: 'The basket has no such item',
      status: 404,
      detail: 'Product 1 is not in the basket of "alice".',
      instance: '/baskets/alice/items/1',
      code: 'item-not-found',
      requestId: 'r-1',
    });
  });

  it('carries what belongs to its code', () =>
    expect(parse({ code: 'version-mismatch', detail: '', extensions: { currentVersion: 7 } })).toMatchObject({
      code: 'version-mismatch',
      currentVersion: 7,
    }));

  it('carries the headers of its occurrence above those of its code', () =>
    expect(
      problemDocument(BASE, { code: 'rate-limited', detail: '', headers: { 'retry-after': '7' } }).headers,
    ).toEqual({
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': '7',
    }));

  it('leaves out what is not known', () =>
    expect(Object.keys(parse({ code: 'internal', detail: '' }))).toStrictEqual([
      'type',
      'title',
      'status',
      'detail',
      'code',
    ]));

  it('of a failed validation lists what is wrong', () => {
    const errors = [{ pointer: '#/quantity', detail: 'must not be less than 1' }];
    const { code, message, extensions } = validationFailed(errors);
    expect(parse({ code, detail: message, extensions })).toMatchObject({ status: 400, errors });
  });
});
