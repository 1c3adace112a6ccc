import { jest } from '@jest/globals';
import type { RedisBasketCache } from '../../src/basket/persistence/redis-basket-cache.js';
import { COMMAND_TIMEOUT_MS } from '../../src/basket/persistence/redis.js';
import { someUser } from '../support/app.js';
import { BRIEF_MS } from '../support/caches.js';
import { eventually } from '../support/eventually.js';
import { describeRedisCache, keep, version, versionIn } from '../support/redis-cache.js';

describeRedisCache('The cache in Redis', (its) => {
  describe('when it could not be told of a write', () => {
    let other: RedisBasketCache;

    beforeEach(async () => {
      const { caches, cache, user } = its();
      other = await caches.connect();
      await keep(other, user, version(1));
      expect(await versionIn(cache, user)).toBe(1);
    });

    /** This process never gives what it has overwritten; others do not for long. */
    const expectRepair = async (ours = its().cache) => {
      const { caches, user } = its();
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
      const { server, user, connect } = its();
      const { ours } = await connect(BRIEF_MS, COMMAND_TIMEOUT_MS);
      server.hang();
      await ours.put(user, version(2));
      expect(await ours.look(user)).toEqual({});
      server.resume();
      await expectRepair(ours);
      await ours.close();
    });

    it('repairs that after a long hang, with the circuit open', async () => {
      const { server, cache, user, lookOften } = its();
      server.hang();
      await lookOften(cache);
      await cache.put(user, version(2));
      expect(await cache.look(user)).toEqual({});
      server.resume();
      await expectRepair();
    });

    it('does not give what it has overwritten meanwhile, although Redis would', async () => {
      const { user, connect } = its();
      const { redis, ours } = await connect();
      jest.spyOn(redis, 'basketPut').mockRejectedValueOnce(new Error('cut'));
      await ours.put(user, version(2));
      expect(await ours.look(user)).toEqual({});
      await expectRepair(ours);
      await ours.close();
    });

    it('repairs that after its connection was cut exactly then', async () => {
      const { server, user, connect } = its();
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
      const { server, user, connect } = its();
      const { ours } = await connect(BRIEF_MS, COMMAND_TIMEOUT_MS);
      const users = [user, ...Array.from({ length: 20 }, () => someUser())];
      for (const name of users) await keep(other, name, version(1));
      server.hang();
      await Promise.all(users.map((name) => ours.put(name, version(2))));
      server.resume();
      await eventually(async () => {
        const versions = await Promise.all(users.map((name) => versionIn(other, name)));
        return !versions.includes(1);
      });
      await ours.close();
    });

    it('leaves what others have put there since', async () => {
      const { caches, user, connect } = its();
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
