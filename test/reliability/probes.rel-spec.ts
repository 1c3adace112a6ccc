import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import type { Guard } from '../support/guards.js';
import { startNatsServer } from '../support/nats-server.js';
import type { NatsServer } from '../support/nats-server.js';
import { PostgresServer } from '../support/postgres-server.js';
import { Probes } from '../support/probes.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';
import { Shoppers } from '../support/shoppers.js';
import { figure, isLong, sized } from '../support/sizes.js';

jest.setTimeout(300_000);

const STATE_MS = sized(200, 6000);
/** Until a state has come over the service: longer than a probe's patience with a server that says nothing. */
const SETTLED_MS = sized(1200, 2500);

/** Without it liveness asks what readiness asks, as it is often done. */
const LIVENESS = guard({
  file: 'health/health.controller.js',
  guard: "return { status: 'ok', info: {}, error: {}, details: {} };",
  instead: 'return this.check();',
});

describeWith(['postgres', 'redis', 'nats'], 'The probes of a service under load', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let nats: NatsServer;

  beforeAll(async () => {
    [postgres, redis, nats] = await Promise.all([PostgresServer.start(), RedisServer.start(), startNatsServer()]);
  });
  afterAll(async () => {
    postgres.resume();
    await Promise.all([postgres[Symbol.asyncDispose](), redis[Symbol.asyncDispose](), nats.close()]);
  });

  interface State {
    readonly name: string;
    readonly begin: () => unknown;
    readonly end: () => unknown;
    readonly ready: number;
  }
  const nothing = () => undefined;
  const states: readonly State[] = [
    { name: 'all is well', begin: nothing, end: nothing, ready: 200 },
    { name: 'Redis is down', begin: () => redis.kill(), end: () => redis.start(), ready: 200 },
    { name: 'Redis hangs', begin: () => redis.hang(), end: () => redis.resume(), ready: 200 },
    { name: 'the event bus is down', begin: () => nats.kill(), end: () => nats.start(), ready: 200 },
    {
      name: 'the event bus hangs',
      begin: () => nats.freeze(),
      end: () => nats.kill().then(() => nats.start()),
      ready: 200,
    },
    { name: 'PostgreSQL is down', begin: () => postgres.kill(), end: () => postgres.start(), ready: 503 },
    { name: 'PostgreSQL hangs', begin: () => postgres.hang(), end: () => postgres.resume(), ready: 503 },
  ];
  /** What matters to nobody at once, and what matters. */
  const quickStates: readonly State[] = [
    {
      name: 'Redis hangs and the event bus is down',
      begin: () => {
        redis.hang();
        return nats.kill();
      },
      end: () => {
        redis.resume();
        return nats.start();
      },
      ready: 200,
    },
    ...states.slice(-2),
  ];

  async function walk(through: readonly State[], guards: readonly Guard[] = []) {
    const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, NATS_URL: nats.url, SHUTDOWN_DRAIN_MS: '1500' };
    await using fleet = await Fleet.start(1, env, guards);
    const [url = ''] = fleet.urls;
    await using probes = new Probes(url);
    await using shoppers = new Shoppers({ urls: () => fleet.urls, pauseMs: sized(100, 20) });
    const wrong: string[] = [];
    const judge = (name: string, from: number, ready: number) => {
      const seen = probes.since(from);
      if (seen.times === 0 || seen.live.join() !== '200' || seen.ready.join() !== `${ready}`)
        wrong.push(`${name}: live ${seen.live.join()}, ready ${seen.ready.join()}`);
      return seen.times;
    };
    let times = 0;
    for (const { name, begin, end, ready } of through) {
      await begin();
      const begun = performance.now();
      if (ready === 503) await eventually(() => probes.since(begun).ready.includes(503)).catch(() => undefined);
      else await setTimeout(SETTLED_MS);
      const from = performance.now();
      await eventually(() => probes.since(from).times > 0);
      await setTimeout(STATE_MS);
      times += judge(name, from, ready);
      await end();
      await eventually(async () => (await fetch(`${url}/health/ready`)).status === 200);
    }
    await shoppers.stop();
    fleet.processes[0]?.kill('SIGTERM');
    await setTimeout(300);
    const from = performance.now();
    await setTimeout(500);
    times += judge('it drains', from, 503);
    return { wrong, times };
  }

  it('say live always, and ready unless it drains or PostgreSQL is gone', async () => {
    const { wrong, times } = await walk(sized(quickStates, states));
    figure('probes', `${times} looks in all states, ${wrong.length} states with a wrong answer`);
    expect(wrong).toEqual([]);
  });

  // It takes as long as the test itself.
  if (isLong)
    it('would have it killed for its database if liveness asked for that: the test above can fail', async () => {
      const { wrong } = await walk(states.slice(-2, -1), [LIVENESS]);
      figure('probes (control: liveness asks the database)', wrong.join('; '));
      expect(wrong).toContainEqual(expect.stringMatching(/PostgreSQL is down: live 503/));
    });
});
