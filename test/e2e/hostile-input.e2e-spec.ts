import { randomUUID } from 'node:crypto';
import { METHODS } from 'node:http';
import { problems } from '../../src/http/problems.js';
import { refusal } from '../support/api.js';
import type { Problem } from '../support/api.js';
import { someUser } from '../support/app.js';
import { isDeclaredBody, operations, sampleBody } from '../support/contract.js';
import type { Answer, Operation } from '../support/contract.js';
import { bodiesWith, hostileBodies, hostileValues, targetOf } from '../support/hostile.js';
import { servedForAll } from '../support/served.js';
import { exchange } from '../support/wire.js';

const json = { 'content-type': 'application/json' };
const withBody = operations.filter(({ requestBody }) => requestBody);

/** A refusal, never a failure; that it is a proper one, `exchange` has checked. */
function expectRefused(answer: Answer): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(Object.keys(problems)).toContain((JSON.parse(answer.text) as Problem).code);
}

describe('hostile input', () => {
  const service = servedForAll();
  const send = ({ method }: { method: string }, target: string, body?: string | Uint8Array, headers: object = {}) =>
    exchange(service.url, { method, target, body, headers: { ...(body === undefined ? {} : json), ...headers } });
  const somewhere = (operation: Operation) => targetOf(operation, { userName: someUser(), productId: randomUUID() });
  afterEach(async () => {
    expect(await send({ method: 'GET' }, '/health/ready')).toMatchObject({ status: 200 });
  });

  it('meets every operation of the contract', () => {
    expect(operations.map(({ operationId }) => operationId)).toEqual(
      expect.arrayContaining([
        'getBasket',
        'putBasket',
        'deleteBasket',
        'addItem',
        'updateItemQuantity',
        'clearBasket',
        'getBasketHistory',
        'executeBatch',
        'mergeBaskets',
        'checkoutBasket',
      ]),
    );
    for (const operation of withBody) expect(isDeclaredBody(operation, sampleBody(operation))).toBe(true);
  });

  describe.each(withBody)('in a body of $operationId', (operation) => {
    it('shows against a sample that is accepted', async () => {
      const { status, text } = await send(operation, somewhere(operation), JSON.stringify(sampleBody(operation)));
      if (status >= 300) expect(JSON.parse(text)).toMatchObject({ code: 'basket-not-found' });
    });

    it.each(Object.entries(hostileBodies))('is refused: %s', async (_, [body, code]) => {
      refusal(await send(operation, somewhere(operation), body), code as Problem['code']);
    });

    it.each(hostileValues)('is refused as the value of any field: %s', async (value) => {
      for (const body of bodiesWith(operation, value)) {
        if (isDeclaredBody(operation, JSON.parse(body))) continue;
        refusal(await send(operation, somewhere(operation), body), 'validation-failed');
      }
    });

    it('counts once when a field is given twice', async () => {
      const sample = JSON.stringify(sampleBody(operation));
      const [field] = Object.keys(JSON.parse(sample) as object);
      const twice = `{${JSON.stringify(field)}:0,${sample.slice(1)}`;
      expect((await send(operation, somewhere(operation), twice)).status).toBeLessThan(500);
    });

    it.each(['gzip', 'br', 'deflate', 'identity, gzip', 'x'])(
      'is refused or read when encoded: %s',
      async (encoding) => {
        const body = JSON.stringify(sampleBody(operation));
        const answer = await send(operation, somewhere(operation), body, { 'content-encoding': encoding });
        expect(answer.status).toBeLessThan(500);
      },
    );
  });

  describe.each(operations)('in the URL of $operationId', (operation) => {
    const body = operation.requestBody && JSON.stringify(sampleBody(operation));
    const segments = [
      '%',
      '%zz',
      '%ff',
      '%c0%af',
      '%ed%a0%80',
      '%00',
      '%2f',
      '%5c',
      '..',
      '%2e%2e',
      '.',
      '%252f',
      '%0d%0a',
    ];
    const longer = [
      'a'.repeat(129),
      'a'.repeat(1600),
      'a'.repeat(17_000),
      '%F0%9F%98%80'.repeat(129),
      '%CC%81'.repeat(200),
    ];

    it('is refused or taken for what it is', async () => {
      for (const segment of [...segments, ...longer, '__proto__', 'constructor', ';', '*', '%20', '$%7Bx%7D'])
        for (const target of [
          targetOf(operation, { userName: segment, productId: randomUUID() }),
          targetOf(operation, { userName: someUser(), productId: segment }),
          `${somewhere(operation)}/${segment}`,
          `${somewhere(operation)}?${segment}=${segment}`,
          `/${segment}${somewhere(operation)}`,
        ])
          expect((await send(operation, target, body)).status).toBeLessThan(500);
    });
  });

  it.each(['getBasket', 'getBasketHistory'])('in the query of %s is refused or ignored', async (id) => {
    const operation = operations.find(({ operationId }) => operationId === id);
    if (!operation) throw new Error(`${id} is not declared.`);
    const values = [
      ...[
        '',
        '%00',
        '%ff',
        '%zz',
        '-1',
        '1e9',
        '0x1',
        '1'.repeat(5000),
        'NaN',
        'null',
        '[object+Object]',
        '%F0%9F%98%80',
      ],
      ...['2026-02-30T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', '-271821-04-20T00:00:00Z'],
    ];
    for (const name of ['version', 'at', 'after', 'limit'])
      for (const value of values)
        for (const query of [
          `${name}=${value}`,
          `${name}=1&${name}=${value}`,
          `${name}[]=${value}`,
          `${name}[a]=${value}`,
        ])
          expect((await send(operation, `${somewhere(operation)}?${query}`)).status).toBeLessThan(500);
  });

  describe('in the headers of each operation', () => {
    it.each<readonly [name: string, value: string | string[]]>([
      ['if-match', 'x'],
      ['if-match', '"'.repeat(5000)],
      ['if-match', ['"1"', '*']],
      ['if-none-match', '"1",'.repeat(3000)],
      ['if-none-match', '\x80\xff'],
      ['idempotency-key', ''],
      ['idempotency-key', 'a b'],
      ['idempotency-key', '\xff'],
      ['idempotency-key', 'k'.repeat(5000)],
      ['idempotency-key', ['one', 'two']],
      ['if-modified-since', 'yesterday'],
      ['accept', 'nothing/*;q=2'],
      ['accept-encoding', '*;q=0'],
      ['range', 'bytes=9-1,-1'],
      ['cookie', '=;=;='.repeat(500)],
      ['authorization', 'Bearer \xff'],
      ['x-forwarded-for', 'a'.repeat(5000)],
      ['x-http-method-override', 'DELETE'],
      ['traceparent', '00-0-0-0'],
      ['host', 'evil.example'],
      ['origin', 'null'],
      ['__proto__', '1'],
      ['expect', 'something'],
      ['upgrade', 'websocket'],
      ['content-type', 'application/json; charset=utf-7'],
    ])('is refused or ignored: %s', async (name, value) => {
      for (const operation of operations) {
        const body = operation.requestBody && JSON.stringify(sampleBody(operation));
        const { status } = await send(operation, somewhere(operation), body, { [name]: value });
        if (status >= 500) throw new Error(`${operation.operationId} answers ${status}.`);
      }
    });
  });

  it.each(METHODS.filter((method) => method !== 'CONNECT'))(
    'by the method %s is refused or answered',
    async (method) => {
      for (const target of ['/', `/baskets/${someUser()}`, '/health', '/docs', '/%zz', '*'])
        expect((await send({ method }, target)).status).toBeLessThan(500);
    },
  );

  it('leaves no prototype behind', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect('isAdmin' in {}).toBe(false);
  });

  it('is refused with one of many other requests under way', async () => {
    const answers = await Promise.all(
      withBody.flatMap((operation) =>
        Object.values(hostileBodies).map(([body]) => send(operation, somewhere(operation), body)),
      ),
    );
    for (const answer of answers) expectRefused(answer);
  });
});
