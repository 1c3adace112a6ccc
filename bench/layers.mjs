// npm run bench:layers: what each layer around the work of a request costs it, one after another and alone, in this process.
// Nothing waits for a network here, so the figures are times of the processor. A table in Markdown.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { SignJWT, exportSPKI, generateKeyPair } from 'jose';
import { pino } from 'pino';
import { parse } from 'secure-json-parse';
import { AddItemBody, PutBasketBody, UpdateItemQuantityBody } from '../dist/src/basket/basket.dto.js';
import { publicKey } from '../dist/src/auth/key-source.js';
import { TokenVerifier } from '../dist/src/auth/token-verifier.js';
import { isKnown } from '../dist/src/http/etag.js';
import { requestIdOf } from '../dist/src/http/request-id.js';
import { RequestRecords } from '../dist/src/http/request-records.js';
import { parseUserName } from '../dist/src/http/user-name.js';
import { BodyValidationPipe } from '../dist/src/http/validation.pipe.js';
import { RateLimiter } from '../dist/src/limits/rate-limiter.js';
import { RequestScope, requestContext } from '../dist/src/request-context.js';
import { Operations } from '../dist/src/telemetry/operations.js';
import { inSpan } from '../dist/src/telemetry/spans.js';
import { startTracing } from '../dist/src/telemetry/tracing.js';
import { median } from './figures.mjs';
import { putBody } from './baskets.mjs';

const ROUNDS = 5;
const ROUND_MS = 60;

const item = { ...JSON.parse(putBody).items[0], currency: 'EUR' };
const bodies = { PutBasketBody, AddItemBody, UpdateItemQuantityBody };
const samples = {
  PutBasketBody: putBody,
  AddItemBody: JSON.stringify(item),
  UpdateItemQuantityBody: '{"quantity":3}',
};

const pipe = new BodyValidationPipe();
const strict = { whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true };

function validation(name) {
  const type = bodies[name];
  const json = samples[name];
  const plain = () => JSON.parse(json);
  return [
    [`JSON of ${name} (${json.length} bytes)`, () => parse(json)],
    [`- class-transformer`, () => plainToInstance(type, plain()), plain],
    [`- class-validator`, () => validate(plainToInstance(type, plain()), strict), () => plainToInstance(type, plain())],
    [`- the whole pipe`, () => pipe.transform(plain(), { type: 'body', metatype: type }), plain],
  ];
}

async function verifierAndToken() {
  const { publicKey: spki, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const config = { AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a', AUTH_USER_CLAIM: 'sub', AUTH_ADMIN_SCOPE: 'admin' };
  const verifier = new TokenVerifier(publicKey(await exportSPKI(spki)), config);
  const token = await new SignJWT({ sub: 'alice' })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('i')
    .setAudience('a')
    .setExpirationTime('10m')
    .sign(privateKey);
  await verifier.verify(token);
  return { verifier, token };
}

/** Lines that go nowhere: how they are made is measured, not the file system. */
const records = () =>
  new RequestRecords(pino({ base: { pid: process.pid } }, { write: () => undefined }), new Operations(['getBasket']));

async function layers() {
  const { verifier, token } = await verifierAndToken();
  const limiter = new RateLimiter(1e9);
  const written = records();
  const requestId = randomUUID();
  const request = { id: requestId, method: 'GET', declared: { url: '/baskets/:userName', operation: 'getBasket' } };
  const reply = { statusCode: 200, elapsedTime: 1.25 };
  const scope = new RequestScope(requestId);
  const within = (work) => requestContext.run(scope, work);
  return [
    ...Object.keys(bodies).flatMap(validation),
    ['Name of the user', () => parseUserName('alice-0042')],
    ['Request id, a new one', () => requestIdOf({ headers: {} })],
    ['If-None-Match', () => isKnown('"41", "42"', 42)],
    ['Context of the request (AsyncLocalStorage)', () => within(() => requestContext.getStore())],
    ['Token that was seen within a minute', () => verifier.recall(token)],
    ['Token that was not: ES256', () => verifier.verify(token)],
    ['Rate limit', () => limiter.take('subject alice')],
    ['Line in the log, and place in the metrics', () => written.record(request, reply)],
    ['Span of a request that is not recorded', () => inSpan('repository', () => Promise.resolve())],
  ];
}

/** Microseconds of the processor for one call: of rounds of so many ms, the median, less what it takes to set it up. */
async function timeOf(work, setUp) {
  const calls = await callsIn(work);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const all = await timed(work, calls);
    rounds.push(setUp ? all - (await timed(setUp, calls)) : all);
  }
  return median(rounds);
}

async function callsIn(work) {
  for (let calls = 64; ; calls *= 2) if (((await timed(work, calls)) * calls) / 1000 > ROUND_MS) return calls;
}

async function timed(work, calls) {
  const start = process.cpuUsage();
  for (let call = 0; call < calls; call++) {
    const result = work();
    if (result instanceof Promise) await result;
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / calls;
}

process.env.OTEL_EXPORTER_OTLP_ENDPOINT ??= 'http://127.0.0.1:9';
await startTracing();
console.log('| layer | µs a request |\n| --- | ---: |');
for (const [name, work, setUp] of await layers())
  console.log(`| ${name} | ${(await timeOf(work, setUp)).toFixed(2)} |`);
process.exit();
