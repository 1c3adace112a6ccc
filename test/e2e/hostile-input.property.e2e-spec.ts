import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { someUser } from '../support/app.js';
import { isDeclaredBody, operations, sampleBody } from '../support/contract.js';
import type { Operation } from '../support/contract.js';
import { guard, without } from '../support/guards.js';
import { hostileBodies, hostileValues, targetOf } from '../support/hostile.js';
import { serve } from '../support/served.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import { count, figure, sized } from '../support/sizes.js';
import { createStorage } from '../support/storage.js';
import { exchange } from '../support/wire.js';

jest.setTimeout(sized(60_000, 600_000));

const RUNS = sized(600, 20_000);

/** A name of its own, so that no other test's basket is met; with anything behind it. */
const userNames = fc.oneof(
  fc.constant('').map(() => someUser()),
  fc.string({ unit: 'grapheme', maxLength: 150 }).map((name) => encodeURIComponent(`${name}${randomUUID()}`)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((name) => percentEncode(Buffer.from(name))),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map(percentEncode),
  fc.stringMatching(/^[!$&-;=?-~%#]{1,30}$/),
);

const productIds = fc.oneof(
  fc.uuid(),
  fc.constant('').map(() => randomUUID()),
  fc.stringMatching(/^[!-~]{1,40}$/),
);

/** Any field of a sample, or a new one, becomes something else. */
const bent = (sample: object) =>
  fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...Object.keys(sample)) },
        fc.string(),
        fc.constantFrom(...INHERITED),
      ),
      fc.oneof(
        fc.jsonValue(),
        fc.constantFrom(...hostileValues).map((value) => JSON.parse(value) as unknown),
        fc.integer(),
      ),
    )
    .map(([field, value]) => JSON.stringify({ ...sample, [field]: value }));

const INHERITED = Object.getOwnPropertyNames(Object.prototype).filter((name) => name !== '__proto__');

const bodies = (operation: Operation) => {
  const sample = sampleBody(operation);
  const wild = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.constantFrom(...Object.values(hostileBodies)).map(([body]) => body),
  );
  if (typeof sample !== 'object' || sample === null) return fc.option(wild, { freq: 4, nil: undefined });
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(JSON.stringify(sample)) },
    { weight: 5, arbitrary: bent(sample) },
    wild,
  );
};

const headers = fc.dictionary(
  fc.constantFrom(
    'if-match',
    'if-none-match',
    'idempotency-key',
    'x-request-id',
    'accept',
    'content-encoding',
    'x-anything',
    'range',
    'expect',
  ),
  fc.oneof(fc.stringMatching(/^[\t -~\u00a0-\u00ff]{0,40}$/), fc.constantFrom('*', '"1"', 'W/"2"', '"1", "2"')),
  { maxKeys: 3 },
);

const types = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  fc.constantFrom('application/json; charset=utf-8', 'text/plain', 'multipart/form-data', 'application/jsonp', ''),
);

const queries = fc.oneof(
  fc.stringMatching(/^[!$-~]{0,30}$/),
  fc
    .tuple(
      fc.constantFrom('version', 'at', 'after', 'limit'),
      fc.oneof(
        fc.integer().map(String),
        fc.date({ noInvalidDate: true }).map((time) => time.toISOString()),
        fc.string({ unit: 'binary', maxLength: 20 }).map((text) => percentEncode(Buffer.from(text))),
      ),
    )
    .map((pair) => pair.join('=')),
);

const requests = fc.constantFrom(...operations).chain((operation) =>
  fc.record({
    operation: fc.constant(operation),
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constant(operation.method) },
      fc.constantFrom('GET', 'POST', 'PUT', 'HEAD'),
    ),
    target: fc.record({ userName: userNames, productId: productIds }).map((names) => targetOf(operation, names)),
    query: fc.option(queries, { nil: undefined }),
    type: types,
    headers,
    body: bodies(operation),
  }),
);

/** @param statuses those that were answered */
const isAnsweredWell = (url: string, statuses = new Set<number>()) =>
  fc.asyncProperty(requests, async ({ operation, method, target, query, type, headers, body }) => {
    const answer = await exchange(url, {
      method,
      target: query === undefined ? target : `${target}?${query}`,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': type }) },
      body,
    });
    statuses.add(answer.status);
    expect(answer.status).toBeLessThan(500);
    // Whatever is accepted is what the contract lets a caller send.
    if (answer.status < 300 && method === operation.method && operation.requestBody && typeof body === 'string')
      expect(isDeclaredBody(operation, JSON.parse(body))).toBe(true);
  });

describe('hostile input of any kind', () => {
  it('is answered as the contract says and never by a failure', async () => {
    await using service = await serve();
    const seen = new Set<number>();
    await fc.assert(isAnsweredWell(service.url, seen), { numRuns: RUNS });
    figure('hostile input', `${count(RUNS)} requests, statuses ${[...seen].sort().join(' ')}`);
    // The requests are not so wild that they all end at the door.
    expect([...seen]).toEqual(expect.arrayContaining([200, 201, 400, 404]));
    expect((await service.api.get('/health/ready')).status).toBe(200);
  });
});

/** Without it fields that no body has are overlooked. */
const FIELDS = guard({ file: 'http/validation.pipe.js', guard: 'forbidNonWhitelisted: true,', instead: '' });

describeWith(['postgres'], 'hostile input to a service that overlooks unknown fields', () => {
  it('is accepted: the test above can fail', async () => {
    await using storage = await createStorage();
    const { env, nodeArguments, errors } = without([FIELDS]);
    await using service = await ServiceProcess.start({ ...storage.env, ...env }, nodeArguments);
    // One in some hundred requests has nothing wrong but such a field.
    const until = { numRuns: 50_000, endOnFailure: true };
    const { failed, numRuns, counterexample } = await fc.check(isAnsweredWell(service.url), until);
    const body = String(counterexample?.[0].body);
    figure('hostile input (control: unknown fields are overlooked)', `request ${numRuns} is accepted: ${body}`);
    expect(service.errors).toBe(errors);
    expect(failed).toBe(true);
  });
});

function percentEncode(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}
