import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { BasketDocument } from '../basket.repository.js';
import type { MemoryBasketCache } from './memory-basket-cache.js';

const TTL_SECONDS = 300;
const LEASE_SECONDS = 10;

// The cache keeps the clock that is there when it is loaded.
jest.useFakeTimers();
jest.advanceTimersByTime(1); // It takes the time 0 for none.
const module = await import('./memory-basket-cache.js');
const { counts } = await import('../../telemetry/counts.js');
afterAll(() => jest.useRealTimers());

const newCache = (): MemoryBasketCache => new module.MemoryBasketCache(TTL_SECONDS);
const document = (version: number, json: string | undefined = `{"version":${version}}`): BasketDocument => ({
  version,
  json,
});
const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1000);

/** The lease that a miss gives. */
async function miss(cache: MemoryBasketCache, userName = 'alice'): Promise<string> {
  const look = await cache.look(userName);
  if (look.basket || look.lease === undefined) throw new Error('It was not a miss with a lease.');
  return look.lease;
}

async function holding(version: number): Promise<MemoryBasketCache> {
  const cache = newCache();
  await cache.fill('alice', document(version), await miss(cache));
  return cache;
}

const held = async (cache: MemoryBasketCache) => (await cache.look('alice')).basket;

describe('The in-process cache', () => {
  it('gives the lease to fill an empty place to one reader at a time', async () => {
    const cache = newCache();
    await miss(cache);
    expect(await cache.look('alice')).toEqual({});
    await miss(cache, 'bob');
  });

  it('answers with what was filled in', async () => {
    const cache = newCache();
    await cache.fill('alice', document(7), await miss(cache));
    expect(await cache.look('alice')).toEqual({ basket: document(7) });
  });

  it('keeps the note that there is no basket', async () => {
    const cache = newCache();
    const nothing: BasketDocument = { version: 0, json: undefined };
    await cache.fill('alice', nothing, await miss(cache));
    expect(await held(cache)).toEqual(nothing);
  });

  it('discards a fill whose lease a write took away', async () => {
    const cache = newCache();
    const lease = await miss(cache);
    await cache.put('alice', document(8));
    await cache.fill('alice', document(7), lease);
    expect(await held(cache)).toBeUndefined();
  });

  it('discards a fill under the lease of another', async () => {
    const cache = newCache();
    const lease = await miss(cache);
    await cache.put('alice', document(8));
    await miss(cache);
    await cache.fill('alice', document(7), lease);
    expect(await held(cache)).toBeUndefined();
  });

  it('takes a write over something older, and nothing older over a write', async () => {
    const cache = await holding(7);
    await cache.put('alice', document(8));
    expect(await held(cache)).toEqual(document(8));
    await cache.put('alice', document(7));
    expect(await held(cache)).toEqual(document(8));
    await cache.put('alice', { version: 9, json: undefined });
    expect(await held(cache)).toEqual({ version: 9, json: undefined });
  });

  it('takes no write to an empty place: it may have been held up for long', async () => {
    const cache = newCache();
    await cache.put('alice', document(8));
    await miss(cache);
  });

  it('drops what is older than a version that is known to be stored, and nothing else', async () => {
    const cache = await holding(7);
    for (const version of [6, 7]) await cache.drop('alice', version);
    expect(await held(cache)).toEqual(document(7));
    await cache.drop('alice', 8);
    await miss(cache);
  });

  it('takes a lease away with a version that is known to be stored: what is filled in may be older', async () => {
    const cache = newCache();
    const lease = await miss(cache);
    await cache.drop('alice', 8);
    await cache.fill('alice', document(7), lease);
    expect(await held(cache)).toBeUndefined();
  });

  it('counts what it had, what it had not, and what it did not take', async () => {
    const before = { ...counts };
    const cache = await holding(7);
    await cache.look('alice');
    await cache.look('alice');
    await cache.fill('alice', document(6), 'no lease of this place');
    expect(counts).toMatchObject({
      cacheHits: before.cacheHits + 2,
      cacheMisses: before.cacheMisses + 1,
      cacheStaleDiscards: before.cacheStaleDiscards + 1,
    });
  });

  it('forgets a basket after its time, and a lease after its shorter one', async () => {
    const cache = await holding(7);
    await pass(TTL_SECONDS - 1);
    expect(await held(cache)).toEqual(document(7));
    await pass(2);
    await miss(cache);
    await pass(LEASE_SECONDS - 1);
    expect(await cache.look('alice')).toEqual({});
    await pass(2);
    await miss(cache);
  });

  it('gives a basket that took the place of a lease its whole time', async () => {
    const cache = await holding(7);
    await pass(2 * LEASE_SECONDS);
    expect(await held(cache)).toEqual(document(7));
  });

  it('stays within its memory', async () => {
    const cache = newCache();
    const megabyte = 'x'.repeat(2 ** 20);
    for (let n = 0; n < 40; n++) await cache.fill(`user-${n}`, document(1, megabyte), await miss(cache, `user-${n}`));
    const kept = await Promise.all(Array.from({ length: 40 }, async (_, n) => (await cache.look(`user-${n}`)).basket));
    const there = kept.filter((basket) => basket !== undefined).length;
    expect(there).toBeGreaterThan(20);
    expect(there).toBeLessThanOrEqual(32);
    expect(kept.at(-1)).toBeDefined();
  });

  it('is empty after it was closed, and answers pings', async () => {
    const cache = await holding(7);
    expect(await cache.ping()).toBe(0);
    await cache.close();
    expect(await held(cache)).toBeUndefined();
  });
});

describe('However reads, writes and losses interleave', () => {
  /** Each request waits where another one may come in between. */
  class World {
    readonly cache = newCache();
    stored = 1;
    /** The newest version whose writer was told that it is done. */
    acknowledged = 1;

    async *read(): AsyncGenerator<undefined, void> {
      const look = await this.cache.look('alice');
      yield;
      const version = this.stored;
      yield;
      if (!look.basket && look.lease !== undefined) await this.cache.fill('alice', document(version), look.lease);
    }

    async *write(): AsyncGenerator<undefined, void> {
      const version = ++this.stored;
      yield;
      await this.cache.put('alice', document(version));
      this.acknowledged = Math.max(this.acknowledged, version);
    }
  }

  const step = fc.oneof(
    { weight: 12, arbitrary: fc.record({ go: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.constant('lose' as const) },
    { weight: 1, arbitrary: fc.constant('wait' as const) },
  );
  const kinds = fc.array(fc.constantFrom('read' as const, 'write' as const), { minLength: 6, maxLength: 6 });

  it('no look is older than a write that was acknowledged before it', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(step, { size: 'max', maxLength: 60 }), async (chosen, steps) => {
        const world = new World();
        const running = chosen.map((kind) => world[kind]());
        for (const one of steps) {
          if (one === 'lose') await world.cache.close();
          else if (one === 'wait') await pass(LEASE_SECONDS + 1);
          else if ((await running[one.go]?.next())?.done) running[one.go] = world[chosen[one.go] ?? 'read']();
          const basket = await held(world.cache);
          if (basket) expect(basket.version).toBeGreaterThanOrEqual(world.acknowledged);
        }
      }),
      { numRuns: 200 },
    );
  });
});
