import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import type { Guard } from '../support/guards.js';
import { HttpClient } from '../support/http-client.js';
import type { Call } from '../support/http-client.js';
import { hostileBodies } from '../support/hostile.js';
import { Issuer, bearing } from '../support/issuer.js';
import { startNatsServer } from '../support/nats-server.js';
import type { NatsServer } from '../support/nats-server.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { PostgresServer } from '../support/postgres-server.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import type { Env } from '../support/service-process.js';
import { addition, basketOf } from '../support/shopping.js';
import { count, figure, isLong, sized } from '../support/sizes.js';
import { talk } from '../support/wire.js';

jest.setTimeout(300_000);

const ROUNDS = sized(1, 20);

const canary = (name: string) => `canary${name}${randomUUID().replaceAll('-', '')}`;
/** What nobody may ever see. */
const secret = { dsn: canary('dsn'), redis: canary('redis'), nats: canary('nats'), token: canary('token') };
/** What callers send may come back to themselves, and goes nowhere else. */
const sent = { body: canary('body'), user: canary('user'), query: canary('query'), header: canary('header') };

/** A line of the log with what came in the header of the request. */
const LINE = guard({
  file: 'http/request-records.js',
  guard: 'const line = { requestId,',
  instead: 'const line = { authorization: request.headers.authorization, requestId,',
});

describeWith(['postgres', 'redis', 'nats'], 'Secrets', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let nats: NatsServer;
  let issuer: Issuer;
  let receiver: OtlpReceiver;
  let env: Env;

  beforeEach(async () => {
    [postgres, redis, nats, issuer, receiver] = await Promise.all([
      PostgresServer.start(),
      RedisServer.start(),
      startNatsServer(`authorization { user: basket, password: ${secret.nats} }`),
      Issuer.start(),
      OtlpReceiver.start(),
    ]);
    await redis.ask((admin) => admin.call('ACL', 'SETUSER', 'basket', 'on', `>${secret.redis}`, '~*', '&*', '+@all'));
    env = {
      ...issuer.env,
      ...receiver.env,
      NODE_ENV: 'development',
      LOG_LEVEL: 'trace',
      REQUEST_DEADLINE_MS: '1000',
      DATABASE_URL: postgres.url.replace('postgres@', `postgres:${secret.dsn}@`),
      REDIS_URL: redis.url.replace('redis://', `redis://basket:${secret.redis}@`),
      NATS_URL: nats.url.replace('nats://', `nats://basket:${secret.nats}@`),
    };
  });
  afterEach(async () => {
    postgres.resume();
    const all = [postgres, redis, issuer, receiver].map((one) => one[Symbol.asyncDispose]());
    await Promise.all([...all, nats.close()]);
  });

  /** Requests that are served, and that are refused in every way there is. */
  async function calls(): Promise<Call[]> {
    const admin = bearing(await issuer.token({ sub: 'admin', scope: 'baskets:admin', canary: secret.token }));
    const user = bearing(await issuer.token({ sub: sent.user }));
    const expired = bearing(await issuer.token({ sub: sent.user, exp: 1 }));
    const path = basketOf(sent.user);
    const items = `${path}/items`;
    const item = addition({ productName: sent.body });
    const post = (body: object | string, headers: Readonly<Record<string, string>> = user): Call => ({
      ...{ method: 'POST', path: items, body },
      headers: { ...headers, 'x-canary': sent.header },
    });
    return [
      post(item),
      post(item, admin),
      ...[{}, expired, bearing(secret.token), bearing(`${secret.token}.${secret.token}.${secret.token}`)].map(
        (headers) => post(item, headers),
      ),
      post(item, { authorization: `Basic ${secret.token}` }),
      post({ ...item, quantity: sent.body }),
      post({ ...item, [sent.body]: 1 }),
      post({ ...item, currency: 'JPY' }),
      post({ ...item, quantity: 9999 }),
      post(`{"productName":"${sent.body}`),
      post(`{"__proto__":"${sent.body}"}`),
      post(`"${sent.body.repeat(8000)}"`),
      post(item, { ...user, 'content-type': `text/${sent.body}` }),
      post(item, { ...user, 'if-match': sent.body }),
      post(item, { ...user, 'if-match': '"1"' }),
      post(item, { ...user, 'idempotency-key': sent.header }),
      post({ ...item, quantity: 1 }, { ...user, 'idempotency-key': sent.header }),
      ...Object.values(hostileBodies).flatMap(([body]) => (typeof body === 'string' ? [post(body)] : [])),
      { method: 'GET', path: `${path}?version=${sent.query}`, headers: user },
      { method: 'GET', path: `${path}?${sent.query}=1`, headers: user },
      { method: 'GET', path: `/baskets/${sent.query}%zz`, headers: user },
      { method: 'GET', path: `/${sent.query}`, headers: user },
      { method: 'GET', path: basketOf(`${sent.user}-other`), headers: user },
      { method: 'PATCH', path: `${items}/${sent.query}`, headers: user, body: { quantity: 1 } },
      { method: 'POST', path: `${path}/checkout`, headers: user, body: { version: 1 } },
      { method: 'GET', path, headers: user },
    ];
  }

  async function spread(rounds: number, without: readonly Guard[] = []) {
    await using fleet = await Fleet.start(1, env, without);
    const [service] = fleet.processes;
    const [url = ''] = fleet.urls;
    using http = new HttpClient();
    const answers: string[] = [];
    const statuses = new Map<number, number>();
    const metrics: string[] = [];
    const send = async (atOnce = true) => {
      const ask = async (call: Call) => {
        const { status, headers, text } = await http
          .send(url, call)
          .catch(() => ({ status: 0, headers: {}, text: '' }));
        answers.push(JSON.stringify(headers) + text);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      };
      const look = async (at: string) => (await fetch(at)).text();
      const say = async (head: string) => answers.push(JSON.stringify(await talk(url, head)));
      const others = [
        () => say(`GET /${secret.token} HTTP/9\r\n\r\n`),
        () => say(`G\0 ${secret.token}\r\nAuthorization: ${secret.token}\r\n\r\n`),
        async () => answers.push(await look(`${url}/health`)),
        async () => metrics.push(await look(service?.metricsUrl ?? '')),
      ];
      const all = (await calls()).map((call) => () => ask(call));
      // While nothing answers they wait together.
      if (atOnce) await Promise.all([...all, ...others].map((one) => one()));
      else for (const one of [...all, ...others]) await one();
    };
    for (let n = 0; n < rounds; n++) await send(false);
    for (const server of [redis, nats]) await server.kill();
    await send();
    postgres.hang();
    await send();
    postgres.resume();
    await postgres.kill();
    await send();
    await Promise.all([redis.start(), nats.start(), postgres.start()]);
    await eventually(async () => (await fetch(`${url}/health/ready`)).status === 200);
    issuer.keys = [];
    await send(false);
    await service?.end('SIGTERM');
    const spans = receiver.bodies.map(({ body }) => body.toString()).join('\n');
    return { log: service?.output ?? '', spans, metrics: metrics.join('\n'), answers: answers.join('\n'), statuses };
  }

  /** What services say that cannot start. */
  async function failures(): Promise<string[]> {
    const wrong: Env[] = [
      { DATABASE_URL: `mysql://basket:${secret.dsn}@localhost/basket` },
      { DATABASE_URL: `postgres://basket:${secret.dsn}@127.0.0.1:1/basket` },
      { DATABASE_URL: `postgres://nobody:${secret.dsn}@localhost/nothing?host=${encodeURIComponent(postgres.folder)}` },
      { ...env, REDIS_URL: `http://basket:${secret.redis}@localhost` },
      { ...env, NATS_URL: `http://basket:${secret.nats}@localhost` },
      { ...env, AUTH_PUBLIC_KEY: secret.token, AUTH_JWKS_URL: '' },
    ];
    const said = wrong.map(async (one) => {
      await using service = ServiceProcess.spawn({ LOG_LEVEL: 'trace', ...one });
      // One that cannot reach its database says so, and tries again.
      await Promise.race([service.exited, eventually(() => service.output !== '')]);
      await service.end('SIGTERM');
      return service.output;
    });
    return await Promise.all(said);
  }

  /** Names of canaries and the places where they were seen. */
  function hits(places: Readonly<Record<string, string>>, canaries: Readonly<Record<string, string>>): string[] {
    const pairs = Object.entries(places).flatMap(([place, text]) =>
      Object.entries(canaries).map(([name, value]) => ({ place, name, times: text.split(value).length - 1 })),
    );
    return pairs.filter(({ times }) => times > 0).map(({ place, name, times }) => `${name} in ${place}: ${times}`);
  }

  it('are in no log, span, metric or answer, whatever fails', async () => {
    const [{ log, spans, metrics, answers, statuses }, failed] = await Promise.all([spread(ROUNDS), failures()]);
    const found = [
      ...hits({ log, spans, metrics, answers, 'a failed start': failed.join('\n') }, secret),
      ...hits({ log, spans, metrics }, sent),
    ];
    const requests = [...statuses.values()].reduce((sum, times) => sum + times, 0);
    figure(
      'secrets',
      `${Object.keys({ ...secret, ...sent }).length} canaries, ${count(requests)} requests with statuses ${[...statuses.keys()].sort().join(' ')}, ` +
        `${count(log.length)} characters of log, ${count(spans.length)} of spans, ${count(answers.length)} of answers: ${found.length} hits`,
    );
    expect(found).toEqual([]);
    expect([...statuses.keys()]).toEqual(
      expect.arrayContaining([200, 201, 400, 401, 403, 404, 412, 413, 415, 422, 503]),
    );
    for (const text of [log, spans, metrics, answers]) expect(text.length).toBeGreaterThan(1000);
    expect(failed.filter((said) => said === '')).toEqual([]);
  });

  // It takes as long as the test itself.
  if (isLong)
    it('are found when a line of the log has them: the test above can fail', async () => {
      const { log } = await spread(1, [LINE]);
      const found = hits({ log }, secret);
      figure('secrets (control: the header is logged)', found.join(', '));
      expect(found).toContainEqual(expect.stringContaining('token in log'));
    });
});
