import { RedisBasketCache } from '../../src/basket/persistence/redis-basket-cache.js';
import { connectRedis } from '../../src/basket/persistence/redis.js';
import { someUser } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { describeRedisCache, keep, tombstone, version, versionIn } from '../support/redis-cache.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';

describeRedisCache('The cache in Redis', (its) => {
  it('holds one string a user: a lease, a version with its basket, or a version without', async () => {
    const { server, cache, user } = its();
    const place = () => server.ask((redis) => redis.get(`basket:${user}`));
    await server.ask((redis) => redis.flushall());
    const { lease } = (await cache.look(user)) as { lease: string };
    expect(lease).toMatch(/^L[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    expect(await place()).toBe(lease);
    await cache.fill(user, tombstone(0), lease);
    expect(await place()).toBe('0:');
    await cache.put(user, version(2));
    expect(await place()).toBe('2:{"version":2}');
    await cache.put(user, tombstone(3));
    expect(await place()).toBe('3:');
    expect(await server.ask((redis) => redis.keys('*'))).toEqual([`basket:${user}`]);
  });

  it('keeps a lease for ten seconds and a basket for the time that was set, spread by a tenth', async () => {
    const { server, cache } = its();
    const times: number[] = [];
    for (let n = 0; n < 30; n++) {
      const user = someUser();
      const timeLeft = () => server.ask((redis) => redis.pttl(`basket:${user}`));
      const { lease } = (await cache.look(user)) as { lease: string };
      const leased = await timeLeft();
      expect(leased).toBeGreaterThan(0);
      expect(leased).toBeLessThanOrEqual(10_000);
      await cache.fill(user, version(1), lease);
      times.push(await timeLeft());
      await cache.put(user, n % 2 === 0 ? version(2) : tombstone(2));
      times.push(await timeLeft());
    }
    expect(Math.min(...times)).toBeGreaterThan(200_000);
    expect(Math.max(...times)).toBeLessThanOrEqual(330_000);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(10_000);
  });

  it('goes on when Redis has forgotten its scripts', async () => {
    const { server, cache, user } = its();
    await keep(cache, user, version(1));
    await server.ask((redis) => redis.script('FLUSH'));
    await cache.put(user, version(2));
    expect(await versionIn(cache, user)).toBe(2);
  });

  it.each(['answers', 'hangs', 'is gone'])('closes when Redis %s', async (state) => {
    const { server, cache, lookOften } = its();
    if (state === 'hangs') server.hang();
    if (state === 'is gone') await server.kill();
    await new RedisBasketCache(connectRedis([server.url]), 300).close();
    if (state !== 'answers') await lookOften(cache);
    await cache.close();
  });
});

describeWith(['redis'], 'The cache in a Redis Cluster', () => {
  it('uses one key a command', async () => {
    await using server = await RedisServer.startCluster();
    const cache = new RedisBasketCache(connectRedis([server.url, server.url]), 300);
    try {
      await eventually(() => cache.ping());
      for (const user of Array.from({ length: 20 }, () => someUser('{a}:{b}'))) {
        await keep(cache, user, version(1));
        expect(await versionIn(cache, user)).toBe(1);
        await cache.put(user, version(2));
        expect(await versionIn(cache, user)).toBe(2);
        await cache.put(user, tombstone(3));
        expect((await cache.look(user)).basket).toEqual(tombstone(3));
      }
    } finally {
      await cache.close();
    }
  });
});
