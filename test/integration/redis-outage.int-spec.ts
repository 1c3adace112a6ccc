import { setImmediate, setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { Look } from '../../src/basket/persistence/basket-cache.js';
import { CONVALESCENCE_MS, RedisBasketCache } from '../../src/basket/persistence/redis-basket-cache.js';
import { connectRedis } from '../../src/basket/persistence/redis.js';
import { eventually } from '../support/eventually.js';
import { describeRedisCache, keep, version, versionIn } from '../support/redis-cache.js';

const clock = performance.now.bind(performance);
/** As if it were so much later. */
const passed = (ms: number) => jest.spyOn(performance, 'now').mockImplementation(() => clock() + ms);

describeRedisCache('The cache in Redis', (its) => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('goes on, empty, when Redis was restarted', async () => {
    const { server, caches, cache, user } = its();
    await keep(cache, user, version(1));
    await server.kill();
    expect(await cache.look(user)).toEqual({});
    await server.start();
    await eventually(() => cache.ping());
    await eventually(async () => {
      await caches.expire(user);
      await keep(cache, user, version(2));
      return (await versionIn(cache, user)) === 2;
    });
  });

  it.each(['was restarted', 'has hung'])(
    'is not read for a while when Redis %s: others may not have told it yet',
    async (what) => {
      const { server, user, connect, lookOften } = its();
      const { redis, ours } = await connect(CONVALESCENCE_MS);
      const asked = jest.spyOn(redis, 'getBuffer');
      const old = () => server.ask((redis) => redis.set(`basket:${user}`, '1:{"version":1}'));
      await old();
      expect(await versionIn(ours, user)).toBe(1);
      if (what === 'has hung') {
        server.hang();
        await lookOften(ours);
        asked.mockClear();
        server.resume();
        const answers: Look[] = [];
        await eventually(async () => {
          answers.push(await ours.look(user));
          return asked.mock.calls.length > 0;
        });
        // The last one is that which found Redis again.
        expect(answers).toEqual(answers.map(() => ({})));
      } else {
        await server.kill();
        await server.start();
        await old();
        await eventually(() => ours.ping());
      }
      expect(await ours.look(user)).toEqual({});
      passed(CONVALESCENCE_MS / 2);
      expect(await ours.look(user)).toEqual({});
      passed(CONVALESCENCE_MS);
      expect(await versionIn(ours, user)).toBe(1);
      await ours.close();
    },
  );

  it('begins without Redis, and uses it once it is there', async () => {
    const { server, caches, user } = its();
    await server.kill();
    const early = new RedisBasketCache(connectRedis([server.url]), 300);
    try {
      expect(await early.look(user)).toEqual({});
      await early.put(user, version(1));
      await server.start();
      await eventually(async () => {
        await caches.expire(user);
        await keep(early, user, version(2));
        return (await versionIn(early, user)) === 2;
      });
    } finally {
      await early.close();
    }
  });

  it('does not wait for a Redis that hangs, and soon does not ask it', async () => {
    const { server, user, connect, lookOften } = its();
    const { redis, ours: hanging } = await connect();
    const asked = jest.spyOn(redis, 'getBuffer');
    await keep(hanging, user, version(1));
    asked.mockClear();

    server.hang();
    expect(await lookOften(hanging)).toEqual(Array(6).fill({}));
    expect(asked).toHaveBeenCalledTimes(6);
    // Each of these would wait for its timeout if it were sent.
    for (let n = 0; n < 200; n++) {
      expect(await hanging.look(user)).toEqual({});
      await hanging.fill(user, version(1), 'L');
    }
    expect(asked.mock.calls.length).toBeLessThan(50);
    await expect(hanging.ping()).rejects.toThrow('did not answer in time');

    server.resume();
    await eventually(async () => (await versionIn(hanging, user)) === 1);
    expect(await hanging.ping()).toBeGreaterThanOrEqual(0);
    await hanging.close();
  });

  it('is told of a write at once when it has only stumbled', async () => {
    const { server, cache, user } = its();
    const hasty = new RedisBasketCache(connectRedis([server.url]), 300);
    try {
      await eventually(() => hasty.ping());
      await keep(hasty, user, version(1));
      server.hang();
      // They open the circuit.
      const looks = await Promise.all(Array.from({ length: 10 }, () => hasty.look(user)));
      expect(looks).toEqual(looks.map(() => ({})));
      server.resume();
      await hasty.put(user, version(2));
      expect(await versionIn(cache, user)).toBe(2);
    } finally {
      await hasty.close();
    }
  });

  it.each([30, 150])(
    'is not taken for late when this process stands still for %i ms more than it has time',
    async (ms) => {
      const { server, user } = its();
      const hasty = new RedisBasketCache(connectRedis([server.url]), 300);
      try {
        await eventually(() => hasty.ping());
        await keep(hasty, user, version(1));
        // More than break the circuit; the first ones have left, as a write of their own, and Redis answers them.
        const looks = Array.from({ length: 10 }, () => hasty.look(user));
        await setImmediate();
        for (const end = performance.now() + 100 + ms; performance.now() < end;);
        const late = Array.from({ length: 10 }, () => hasty.look(user));
        for (const end = performance.now() + 100 + ms; performance.now() < end;);
        for (const look of await Promise.all([...looks, ...late])) expect(look.basket?.version).toBe(1);
      } finally {
        await hasty.close();
      }
    },
  );

  describe('with another process that reads while Redis hangs', () => {
    let writer: RedisBasketCache;
    let reader: RedisBasketCache;

    beforeEach(async () => {
      const { server, user } = its();
      writer = new RedisBasketCache(connectRedis([server.url]), 300);
      reader = new RedisBasketCache(connectRedis([server.url]), 300);
      await eventually(() => Promise.all([writer.ping(), reader.ping()]));
      await keep(writer, user, version(1));
      expect(await versionIn(reader, user)).toBe(1);
    });
    afterEach(() => Promise.all([writer.close(), reader.close()]));

    /** Redis turns first to whom it heard first, and does what has arrived from there meanwhile. */
    it.each([1, 20, 60])('does not have it serve what was replaced, asked %i ms before Redis goes on', async (ms) => {
      const { server, user } = its();
      server.hang();
      const first = reader.look(user);
      await writer.put(user, version(2));
      const look = versionIn(reader, user);
      expect(await first).toEqual({});
      await setTimeout(ms);
      server.resume();
      expect(await look).not.toBe(1);
      expect(await versionIn(reader, user)).not.toBe(1);
    });

    it('does not have it serve what a write with an open circuit has replaced', async () => {
      const { server, user, lookOften } = its();
      server.hang();
      expect(await reader.look(user)).toEqual({});
      await lookOften(writer);
      await setTimeout(1000);
      await lookOften(writer);
      await writer.put(user, version(2));
      server.resume();
      let isTold = false;
      while (!isTold) {
        await setTimeout(5);
        expect(await versionIn(reader, user)).not.toBe(1);
        isTold = !(await server.ask((redis) => redis.get(`basket:${user}`)))?.startsWith('1:');
      }
    });
  });
});
