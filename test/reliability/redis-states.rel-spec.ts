import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import type { Guard } from '../support/guards.js';
import { createOwnDatabase } from '../support/own-database.js';
import type { OwnDatabase } from '../support/own-database.js';
import { Probes } from '../support/probes.js';
import { reconcile } from '../support/reconcile.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';
import { Shoppers, kindsOf, percentile } from '../support/shoppers.js';
import { someBasket } from '../support/shopping.js';
import { count, figure, isLong, sized } from '../support/sizes.js';

jest.setTimeout(300_000);

const REQUESTS = sized(60, 3000);
const ROUNDS = sized(2, 10);
const COMMAND_TIMEOUT_MS = 100;
/** Far above what a request takes here, far below what a command to Redis that waited for it to return would take. */
const LONGEST_MS = sized(4500, 2500);

/** Without it a request waits for as long as Redis says nothing. */
const PATIENCE = guard({
  file: 'basket/persistence/patience.js',
  guard: "one.giveUp(new Error('It did not answer in time.'))",
  instead: 'undefined',
});

describeWith(['postgres', 'redis'], 'A service whose Redis fails under load', () => {
  let postgres: OwnDatabase;
  let redis: RedisServer;
  let proxy: FaultProxy;
  let fleet: Fleet;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([createOwnDatabase(), RedisServer.start()]);
    proxy = await FaultProxy.start({ host: '127.0.0.1', port: Number(new URL(redis.url).port) });
    fleet = await start();
  });
  afterEach(() => {
    redis.resume();
    proxy.heal();
  });
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await Promise.all([postgres, redis].map((server) => server[Symbol.asyncDispose]()));
  });

  /** Two processes that share their cache. */
  const start = (guards: readonly Guard[] = []) => {
    const env = { DATABASE_URL: postgres.url, REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
    return Fleet.start(2, env, guards);
  };

  /** Requests go on before, during and after it. */
  async function during(work: (shoppers: Shoppers) => Promise<void>, of = fleet) {
    await using probes = new Probes(of.urls[0] ?? '');
    await using shoppers = new Shoppers({ urls: () => of.urls });
    const before = await shoppers.goOn(REQUESTS);
    const start = performance.now();
    await work(shoppers);
    const end = performance.now();
    await shoppers.goOn(REQUESTS);
    await shoppers.stop();
    const meanwhile = shoppers.answers.filter((answer) => answer.start >= start && answer.start < end);
    return {
      ...(await reconcile(shoppers, of.urls, postgres.url)),
      kinds: Object.keys(kindsOf(shoppers.answers)).sort(),
      longest: percentile(shoppers.answers, 1),
      requests: meanwhile.length,
      p50: [percentile(before, 0.5), percentile(meanwhile, 0.5)] as const,
      p99: [percentile(before, 0.99), percentile(meanwhile, 0.99)] as const,
      probed: probes.since(0),
    };
  }

  /** What is read ends up in Redis. */
  const isCaching = () =>
    eventually(async () => {
      await setTimeout(100);
      return await redis.ask(async (admin) => {
        await admin.flushall();
        await Promise.all(fleet.urls.map((url) => fetch(url + someBasket())));
        return (await admin.dbsize()) === fleet.urls.length;
      });
    });

  type State = readonly [name: string, work: (shoppers: Shoppers) => Promise<void>];
  /** Those first that leave the cache in use: behind each of the others it is not for some seconds. */
  const states: readonly State[] = [
    [
      'flushed again and again',
      async (shoppers) => {
        for (let n = 0; n < 5 * ROUNDS; n++) {
          await redis.ask((admin) => admin.flushall());
          await shoppers.goOn(REQUESTS / 20);
        }
      },
    ],
    [
      'slow by 60 ms',
      async (shoppers) => {
        proxy.latencyMs = 60;
        await shoppers.goOn(REQUESTS);
        proxy.heal();
      },
    ],
    [
      'hung',
      async (shoppers) => {
        redis.hang();
        await shoppers.goOn(REQUESTS);
        redis.resume();
      },
    ],
    [
      'slow by 150 ms',
      async (shoppers) => {
        proxy.latencyMs = 150;
        await shoppers.goOn(REQUESTS);
        proxy.heal();
      },
    ],
    [
      'cut off again and again',
      async (shoppers) => {
        for (let n = 0; n < 3 * ROUNDS; n++) {
          proxy.cut();
          await shoppers.goOn(REQUESTS / 20);
        }
      },
    ],
    [
      'restarted again and again',
      async (shoppers) => {
        for (let n = 0; n < ROUNDS; n++) {
          await redis.kill();
          await shoppers.goOn(REQUESTS / 10);
          await redis.start();
          await shoppers.goOn(REQUESTS / 10);
        }
      },
    ],
    [
      'down',
      async (shoppers) => {
        await redis.kill();
        await shoppers.goOn(REQUESTS);
        await redis.start();
      },
    ],
  ];
  /** It is down while it is restarted, too. */
  const quickStates = states.slice(0, -1);

  it.each(sized(quickStates, states))('serves as if nothing were while it is %s', async (name, work) => {
    const { faults, kinds, longest, requests, p50, p99, reads, acknowledged, probed } = await during(work);
    figure(
      `Redis ${name}`,
      `${count(requests)} requests meanwhile, ${kinds.filter((kind) => !kind.startsWith('20')).length} kinds of errors, ` +
        `p50 ${p50[0]} -> ${p50[1]} ms, p99 ${p99[0]} -> ${p99[1]} ms, longest ${longest} ms, ` +
        `${count(acknowledged)} writes, ${count(reads)} reads, ${faults.length} faults`,
    );
    expect(faults).toEqual([]);
    expect(kinds).toEqual(['200', '201']);
    expect(longest).toBeLessThan(LONGEST_MS);
    expect(probed).toMatchObject({ live: [200], ready: [200] });
    if (isLong) expect(p50[1]).toBeLessThan(p50[0] + COMMAND_TIMEOUT_MS);
    // It takes seconds: in the quick form once, before what it does most to.
    if (isLong || name.startsWith('cut off')) await isCaching();
  });

  // It takes as long as the test itself.
  if (isLong)
    it('keeps requests waiting when it is not given up: the test above can fail', async () => {
      const hang = async (shoppers: Shoppers) => {
        redis.hang();
        await shoppers.goOn(30).finally(() => redis.resume());
      };
      await using impatient = await start([PATIENCE]);
      const { kinds, longest } = await during(hang, impatient);
      figure('Redis hung (control: never given up)', `longest ${longest} ms, answers ${kinds.join(', ')}`);
      expect(longest).toBeGreaterThan(LONGEST_MS);
    });
});
