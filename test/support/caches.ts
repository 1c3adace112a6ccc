import type { BasketDocument } from '../../src/basket/basket.repository.js';
import type { BasketCache } from '../../src/basket/persistence/basket-cache.js';
import { MemoryBasketCache } from '../../src/basket/persistence/memory-basket-cache.js';
import { RedisBasketCache } from '../../src/basket/persistence/redis-basket-cache.js';
import { connectRedis } from '../../src/basket/persistence/redis.js';
import { eventually } from './eventually.js';
import { RedisServer } from './redis-server.js';
import { describeWith } from './servers.js';

/** Longer than the service waits: a busy machine is not what these tests are about. */
export const UNHURRIED_MS = 1000;

/** Shorter than the service leaves a cache alone that was away: the tests wait for the end of it. */
export const BRIEF_MS = 500;

/** A cache of the test's own, and what can happen to it. */
export interface TestCaches extends AsyncDisposable {
  /**
   * As one process has it: its own connection to Redis, or the one in-process cache that there is. One with a time of
   * its own is another one in this process.
   */
  connect(ttlSeconds?: number): Promise<BasketCache>;
  /** The time of a place is up. */
  expire(userName: string): Promise<void>;
  flush(): Promise<void>;
  /** Puts what it likes in a place. */
  poison(userName: string, basket: BasketDocument): Promise<void>;
}

const TTL_SECONDS = 300;

class MemoryCaches implements TestCaches {
  private readonly cache = new MemoryBasketCache(TTL_SECONDS);

  connect(ttlSeconds?: number): Promise<BasketCache> {
    return Promise.resolve(ttlSeconds === undefined ? this.cache : new MemoryBasketCache(ttlSeconds));
  }

  expire(userName: string): Promise<void> {
    this.places.delete(userName);
    return Promise.resolve();
  }

  flush(): Promise<void> {
    this.places.clear();
    return Promise.resolve();
  }

  poison(userName: string, basket: BasketDocument): Promise<void> {
    this.places.set(userName, basket);
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cache.close();
  }

  private get places() {
    return (this.cache as unknown as { places: Map<string, BasketDocument> }).places;
  }
}

export class RedisCaches implements TestCaches {
  private readonly caches: BasketCache[] = [];

  constructor(readonly server: RedisServer) {}

  async connect(ttlSeconds = TTL_SECONDS): Promise<RedisBasketCache> {
    const cache = new RedisBasketCache(connectRedis([this.server.url]), ttlSeconds, UNHURRIED_MS, BRIEF_MS);
    this.caches.push(cache);
    await eventually(() => cache.ping());
    return cache;
  }

  /** Closes the connections; the server may serve others. */
  async close(): Promise<void> {
    for (const cache of this.caches.splice(0)) await cache.close();
  }

  async expire(userName: string): Promise<void> {
    await this.server.ask((redis) => redis.del(`basket:${userName}`));
  }

  async flush(): Promise<void> {
    await this.server.ask((redis) => redis.flushall());
  }

  async poison(userName: string, { version, json = '' }: BasketDocument): Promise<void> {
    await this.server.ask((redis) => redis.set(`basket:${userName}`, `${version}:${json.toString()}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** The suite once for each cache; what it gets is there while its tests run. */
export function describeCaches(title: string, suite: (caches: () => TestCaches) => void): void {
  const withCaches = (start: () => Promise<TestCaches>) => () => {
    let caches: TestCaches;
    beforeAll(async () => {
      caches = await start();
    });
    afterAll(() => caches[Symbol.asyncDispose]());
    suite(() => caches);
  };
  describe(
    `${title}: in this process`,
    withCaches(() => Promise.resolve(new MemoryCaches())),
  );
  describeWith(
    ['redis'],
    `${title}: in Redis`,
    withCaches(async () => new RedisCaches(await RedisServer.start())),
  );
}
