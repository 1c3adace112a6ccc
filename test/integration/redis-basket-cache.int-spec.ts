import { setImmediate, setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { BasketDocument } from '../../src/basket/basket.repository.js';
import type { BasketCache } from '../../src/basket/persistence/basket-cache.js';
import { CONVALESCENCE_MS, RedisBasketCache } from '../../src/basket/persistence/redis-basket-cache.js';
import { connectRedis } from '../../src/basket/persistence/redis.js';
import { someUser } from '../support/app.js';
import { BRIEF_MS, RedisCaches, UNHURRIED_MS } from '../support/caches.js';
import { eventually } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';

const version = (number: number): BasketDocument => ({ version: number, json: `{"version":${number}}` });
const tombstone = (number: number): BasketDocument => ({ version: number, json: undefined });

/** Cached or not, in whatever state the place was. */
async function keep(cache: BasketCache, user: string, basket: BasketDocument): Promise<void> {
  const look = await cache.look(user);
  if (look.basket) await cache.put(user, basket);
  else if (look.lease !== undefined) await cache.fill(user, basket, look.lease);
}

const versionIn = async (cache: BasketCache, user: string) => (await cache.look(user)).basket?.version;

beforeAll(() => {
  Logger.overrideLogger(false);
});

describeWith(['redis'], 'The cache in Redis', () => {
  let server: RedisServer;
  let caches: RedisCaches;
  let cache: RedisBasketCache;
  let user: string;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    caches = new RedisCaches(server);
    // A cache of its own for each test: what it remembers of an outage is in this process.
    cache = await caches.connect();
    user = someUser();
  });
  afterEach(async () => {
    server.resume();
    await server.start();
    await caches.close();
  });

  /** With the client that it talks through. */
  const connect = async (convalescenceMs = BRIEF_MS) => {
    const redis = connectRedis([server.url]) as Redis;
    const ours = new RedisBasketCache(redis, 300, UNHURRIED_MS, convalescenceMs);
    await eventually(() => ours.ping());
    return { redis, ours };
  };
  /** Enough to open the circuit of a Redis that does not answer. */
  const lookOften = (of: BasketCache) => Promise.all(Array.from({ length: 6 }, () => of.look(user)));
  const place = () => server.ask((redis) => redis.get(`basket:${user}`));
  const timeLeft = () => server.ask((redis) => redis.pttl(`basket:${user}`));

  it('holds one string a user: a lease, a version with its basket, or a version without', async () => {
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
    const times: number[] = [];
    for (let n = 0; n < 30; n++) {
      user = someUser();
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
    await keep(cache, user, version(1));
    await server.ask((redis) => redis.script('FLUSH'));
    await cache.put(user, version(2));
    expect(await versionIn(cache, user)).toBe(2);
  });

  it('goes on, empty, when Redis was restarted', async () => {
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
      const { ours } = await connect(CONVALESCENCE_MS);
      const old = () => server.ask((redis) => redis.set(`basket:${user}`, '1:{"version":1}'));
      await old();
      expect(await versionIn(ours, user)).toBe(1);
      if (what === 'has hung') {
        server.hang();
        while ((await versionIn(ours, user)) === 1);
        await lookOften(ours);
        server.resume();
      } else {
        await server.kill();
        await server.start();
        await old();
      }
      // Long enough for this process to find it again.
      for (const end = performance.now() + 1500; performance.now() < end;) {
        await ours.look(user);
        await setTimeout(50);
      }
      expect(await ours.look(user)).toEqual({});
      await eventually(async () => (await versionIn(ours, user)) === 1);
      await ours.close();
    },
  );

  it('begins without Redis, and uses it once it is there', async () => {
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
      writer = new RedisBasketCache(connectRedis([server.url]), 300);
      reader = new RedisBasketCache(connectRedis([server.url]), 300);
      await eventually(() => Promise.all([writer.ping(), reader.ping()]));
      await keep(writer, user, version(1));
      expect(await versionIn(reader, user)).toBe(1);
    });
    afterEach(() => Promise.all([writer.close(), reader.close()]));

    /** Redis turns first to whom it heard first, and does what has arrived from there meanwhile. */
    it.each([1, 20, 60])('does not have it serve what was replaced, asked %i ms before Redis goes on', async (ms) => {
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
      server.hang();
      expect(await reader.look(user)).toEqual({});
      await lookOften(writer);
      await setTimeout(1000);
      await lookOften(writer);
      await writer.put(user, version(2));
      server.resume();
      for (const end = performance.now() + 2000; performance.now() < end;) {
        expect(await versionIn(reader, user)).not.toBe(1);
        await setTimeout(5);
      }
    });
  });

  it.each(['answers', 'hangs', 'is gone'])('closes when Redis %s', async (state) => {
    if (state === 'hangs') server.hang();
    if (state === 'is gone') await server.kill();
    await new RedisBasketCache(connectRedis([server.url]), 300).close();
    if (state !== 'answers') await lookOften(cache);
    await cache.close();
  });

  describe('when it could not be told of a write', () => {
    let other: RedisBasketCache;

    beforeEach(async () => {
      other = await caches.connect();
      await keep(other, user, version(1));
      expect(await versionIn(cache, user)).toBe(1);
    });

    /** This process never gives what it has overwritten; others do not for long. */
    const expectRepair = async (ours = cache) => {
      await eventually(async () => {
        expect(await versionIn(ours, user)).not.toBe(1);
        return (await versionIn(other, user)) !== 1;
      });
      // What is read from now on is kept again.
      await eventually(async () => {
        await caches.expire(user); // Ends the lease that the look before took.
        await keep(ours, user, version(2));
        return (await versionIn(ours, user)) === 2;
      });
      expect(await versionIn(other, user)).toBe(2);
    };

    it('repairs that after a hang', async () => {
      server.hang();
      await cache.put(user, version(2));
      expect(await cache.look(user)).toEqual({});
      server.resume();
      await expectRepair();
    });

    it('repairs that after a long hang, with the circuit open', async () => {
      server.hang();
      await lookOften(cache);
      await cache.put(user, version(2));
      expect(await cache.look(user)).toEqual({});
      server.resume();
      await expectRepair();
    });

    it('does not give what it has overwritten meanwhile, although Redis would', async () => {
      const { redis, ours } = await connect();
      jest.spyOn(redis, 'basketPut').mockRejectedValueOnce(new Error('cut'));
      await ours.put(user, version(2));
      expect(await ours.look(user)).toEqual({});
      await expectRepair(ours);
      await ours.close();
    });

    it('repairs that after its connection was cut exactly then', async () => {
      const { redis, ours } = await connect();
      // Redis does not read on from a client that it is about to kill.
      const id = await redis.client('ID');
      const put = redis.basketPut.bind(redis);
      jest.spyOn(redis, 'basketPut').mockImplementationOnce(async (...args) => {
        await server.ask((admin) => admin.client('PAUSE', 10_000, 'WRITE'));
        const sent = put(...args);
        await server.ask((admin) => admin.client('KILL', 'ID', id));
        await server.ask((admin) => admin.client('UNPAUSE'));
        return await sent;
      });
      await ours.put(user, version(2));
      expect(await ours.look(user)).toEqual({});
      await expectRepair(ours);
      await ours.close();
    });

    it('repairs every write of a hang', async () => {
      const users = [user, ...Array.from({ length: 20 }, () => someUser())];
      for (const name of users) await keep(other, name, version(1));
      server.hang();
      await Promise.all(users.map((name) => cache.put(name, version(2))));
      server.resume();
      await eventually(async () => {
        const versions = await Promise.all(users.map((name) => versionIn(other, name)));
        return !versions.includes(1);
      });
    });

    it('leaves what others have put there since', async () => {
      const { redis, ours } = await connect();
      jest.spyOn(redis, 'basketPut').mockRejectedValueOnce(new Error('cut'));
      const drop = redis.basketDrop.bind(redis);
      jest.spyOn(redis, 'basketDrop').mockImplementationOnce(async (...args) => {
        await caches.poison(user, version(4));
        return await drop(...args);
      });
      await ours.put(user, version(2));
      await eventually(async () => (await versionIn(ours, user)) === 4);
      expect(await versionIn(other, user)).toBe(4);
      await ours.close();
    });
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
