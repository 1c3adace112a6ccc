import { setTimeout } from 'node:timers/promises';
import fastify from 'fastify';
import type { FastifyReply } from 'fastify';
import { keepDeclared } from '../http/declared.js';
import { requestContext, RequestScope } from '../request-context.js';
import { Load } from './load.js';

const LIMITS = {
  NODE_ENV: 'production',
  MAX_CONCURRENT_REQUESTS: 2,
  REQUEST_DEADLINE_MS: 60_000,
  PROBLEM_TYPE_BASE: 'https://shop.example/',
};

/** A server whose answers the test gives. */
function serverWith(limits: Partial<typeof LIMITS> = {}) {
  const server = fastify();
  keepDeclared(server);
  server.addHook('onRequest', (request, _reply, done) => requestContext.run(new RequestScope(request.id), done));
  const load = new Load({ ...LIMITS, ...limits }, (reply, error) => void reply.code(503).send(error.message));
  load.guard(server);
  const held: FastifyReply[] = [];
  const deadlines: (number | undefined)[] = [];
  server.get('/held', { config: { access: 'owner' } }, (_request, reply) => {
    held.push(reply);
    deadlines.push(requestContext.getStore()?.deadline);
  });
  server.get('/stream', { config: { access: 'owner' } }, (_request, reply) => {
    reply.hijack();
    reply.raw.write('one');
    held.push(reply);
  });
  server.get('/health', { config: { access: 'public' } }, () => 'well');
  const get = (url: string) => server.inject({ url });
  const underWay = async (count: number) => {
    const answers = Array.from({ length: count }, () => get('/held'));
    while (held.length < count) await setTimeout(1);
    return answers;
  };
  return { load, get, held, deadlines, underWay, [Symbol.asyncDispose]: () => server.close() };
}

/** Keeps the event loop from turning. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

describe('Requests above what is worked on at once', () => {
  it('are refused at once, with a problem that tells to try again, until others have ended', async () => {
    await using server = serverWith();
    const answers = await server.underWay(2);
    const refused = await server.get('/held?x=1');
    expect(refused.statusCode).toBe(503);
    expect(refused.headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/problem+json; charset=utf-8',
    });
    expect(refused.json()).toMatchObject({
      code: 'overloaded',
      instance: '/held',
      requestId: expect.any(String) as string,
    });
    for (const reply of server.held) void reply.send('done');
    expect((await Promise.all(answers)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    void server.get('/held');
    while (server.held.length < 3) await setTimeout(1);
  });

  it('are served when more are allowed: the control', async () => {
    await using server = serverWith({ MAX_CONCURRENT_REQUESTS: 3 });
    expect(await server.underWay(3)).toHaveLength(3);
  });

  it.each([
    [320, true],
    [319, false],
  ])('are those, too, that come when %i wait for each other: %s', async (count, isTooMuch) => {
    await using server = serverWith({ MAX_CONCURRENT_REQUESTS: 1000 });
    expect(await server.underWay(count)).toHaveLength(count);
    await setTimeout(300);
    expect(server.load.isTooMuch).toBe(isTooMuch);
  });

  it('are no matter to health', async () => {
    await using server = serverWith();
    expect(await server.underWay(2)).toHaveLength(2);
    expect((await server.get('/health')).body).toBe('well');
  });
});

describe('A request', () => {
  it('that is not answered by its deadline is, and its work is told the deadline', async () => {
    await using server = serverWith({ REQUEST_DEADLINE_MS: 200 });
    const start = performance.now();
    const answer = await server.get('/held');
    expect([answer.statusCode, answer.body]).toEqual([503, 'The deadline has passed.']);
    expect(performance.now() - start).toBeGreaterThanOrEqual(200);
    expect((server.deadlines[0] ?? 0) - start).toBeGreaterThanOrEqual(200);
    expect((server.deadlines[0] ?? 0) - start).toBeLessThan(2000);
    expect((await server.get('/health')).statusCode).toBe(200);
  });

  it('whose answer has begun goes on past its deadline, and takes nobody’s place', async () => {
    await using server = serverWith({ REQUEST_DEADLINE_MS: 50, MAX_CONCURRENT_REQUESTS: 1 });
    const answer = server.get('/stream');
    await setTimeout(300);
    const [stream] = server.held;
    expect(server.load.isTooMuch).toBe(false);
    stream?.raw.end(' two');
    expect((await answer).body).toBe('one two');
  });
});

describe('A late event loop', () => {
  const refusals = (load: Load) => Array.from({ length: 400 }, () => load.isTooMuch).filter(Boolean).length;

  it('has a share of the requests refused, the larger the later it is, and none for a pause', async () => {
    await using server = serverWith();
    await setTimeout(60);
    block(1000);
    await setTimeout(0);
    expect(refusals(server.load)).toBe(0);
    block(1000);
    await setTimeout(0);
    // Three quarters of them at this lag.
    expect(refusals(server.load)).toBeGreaterThan(200);
    expect(refusals(server.load)).toBeLessThan(400);
    while (server.load.isTooMuch) await setTimeout(30);
    await setTimeout(200);
    expect(refusals(server.load)).toBe(0);
  });
});
