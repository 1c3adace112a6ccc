import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { BasketDocument } from '../../src/basket/basket.repository.js';
import type { BasketCache } from '../../src/basket/persistence/basket-cache.js';
import { RedisBasketCache } from '../../src/basket/persistence/redis-basket-cache.js';
import { connectRedis } from '../../src/basket/persistence/redis.js';
import { someUser } from './app.js';
import { BRIEF_MS, RedisCaches, UNHURRIED_MS } from './caches.js';
import { eventually } from './eventually.js';
import { RedisServer } from './redis-server.js';
import { describeWith } from './servers.js';

export const version = (number: number): BasketDocument => ({ version: number, json: `{"version":${number}}` });
export const tombstone = (number: number): BasketDocument => ({ version: number, json: undefined });

/** Cached or not, in whatever state the place was. */
export async function keep(cache: BasketCache, user: string, basket: BasketDocument): Promise<void> {
  const look = await cache.look(user);
  if (look.basket) await cache.put(user, basket);
  else if (look.lease !== undefined) await cache.fill(user, basket, look.lease);
}

export const versionIn = async (cache: BasketCache, user: string) => (await cache.look(user)).basket?.version;

/** A Redis of the suite's own, and a cache and a user of each test's own. */
interface RedisCacheTest {
  readonly server: RedisServer;
  readonly caches: RedisCaches;
  /** What it remembers of an outage is in this process. */
  readonly cache: RedisBasketCache;
  readonly user: string;
  /** With the client that it talks through. */
  readonly connect: (
    convalescenceMs?: number,
    patienceMs?: number,
  ) => Promise<{ redis: Redis; ours: RedisBasketCache }>;
  /** Enough to open the circuit of a Redis that does not answer. */
  readonly lookOften: (of: BasketCache) => Promise<unknown[]>;
}

/** What it gets is there while its tests run. */
export function describeRedisCache(title: string, suite: (its: () => RedisCacheTest) => void): void {
  describeWith(['redis'], title, () => {
    let server: RedisServer;
    let test: RedisCacheTest;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      server = await RedisServer.start();
    });
    afterAll(() => server[Symbol.asyncDispose]());
    beforeEach(async () => {
      const caches = new RedisCaches(server);
      const user = someUser();
      test = {
        ...{ server, caches, user, cache: await caches.connect() },
        connect: (convalescenceMs, patienceMs) => connectTo(server, convalescenceMs, patienceMs),
        lookOften: (of) => Promise.all(Array.from({ length: 6 }, () => of.look(user))),
      };
    });
    afterEach(async () => {
      server.resume();
      await server.start();
      await test.caches.close();
    });
    suite(() => test);
  });
}

async function connectTo(server: RedisServer, convalescenceMs = BRIEF_MS, patienceMs = UNHURRIED_MS) {
  const redis = connectRedis([server.url]) as Redis;
  const ours = new RedisBasketCache(redis, 300, patienceMs, convalescenceMs);
  await eventually(() => ours.ping());
  return { redis, ours };
}
