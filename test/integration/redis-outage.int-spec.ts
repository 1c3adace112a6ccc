import { setTimeout } from 'node:timers/promises';
import { someUser } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { Load, kindsOf } from '../support/load.js';
import { RedisServer } from '../support/redis-server.js';
import { startService } from '../support/service.js';
import type { Service } from '../support/service.js';
import { describeWith } from '../support/servers.js';

/** Far above what a request takes here, far below what a command to Redis that waited for it to return would take. */
const LONGEST_MS = 2500;

describeWith(['redis'], 'Redis under load', () => {
  let redis: RedisServer;
  let service: Service;

  beforeAll(async () => {
    redis = await RedisServer.start();
    service = await startService({ REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  /** A basket that is read ends up in Redis. */
  const expectCaching = async () => {
    await eventually(async () => (await service.readiness()).cache === 'up');
    await eventually(async () => {
      const user = someUser();
      await fetch(`${service.url}/baskets/${user}`);
      return (await redis.ask((admin) => admin.get(`basket:${user}`))) === '0:';
    });
  };

  /** While the work is done, requests go on; and they do so before and after it. */
  const during = async (work: (load: Load) => Promise<void>) => {
    const load = new Load(service.url);
    try {
      await load.goOn(100);
      await work(load);
      await load.goOn(100);
    } finally {
      await load.stop();
    }
    expect(kindsOf(load.answers)).toEqual(['200', '201']);
    expect(Math.max(...load.answers.map(({ ms }) => ms))).toBeLessThan(LONGEST_MS);
    expect(load.stale).toBe(0);
    await load.expectKept(service.source);
    await expectCaching();
  };

  it('is not missed while it is stopped', async () => {
    await during(async (load) => {
      await redis.kill();
      await eventually(async () => (await service.readiness()).cache === 'degraded');
      await load.goOn(300);
      expect(await service.readiness()).toEqual({ status: 200, cache: 'degraded', database: 'up' });
      await redis.start();
    });
  });

  it('is not waited for while it hangs', async () => {
    await during(async (load) => {
      redis.hang();
      try {
        await load.goOn(300);
        expect(await service.readiness()).toEqual({ status: 200, cache: 'degraded', database: 'up' });
      } finally {
        redis.resume();
      }
    });
  });

  it.each([60, 150])('may take %i ms for everything', async (pause) => {
    await during(async (load) => {
      let slow = true;
      const slowDown = async () => {
        while (slow) {
          await redis.ask((admin) => admin.client('PAUSE', pause));
          await setTimeout(pause + 5);
        }
      };
      const slowingDown = slowDown();
      await load.goOn(300);
      expect((await service.readiness()).status).toBe(200);
      slow = false;
      await slowingDown;
    });
  });

  it('may be restarted again and again', async () => {
    await during(async (load) => {
      for (let n = 0; n < 4; n++) {
        await redis.kill();
        await load.goOn(30);
        expect((await service.readiness()).status).toBe(200);
        await redis.start();
        await load.goOn(30);
      }
    });
  });

  it('may be flushed again and again', async () => {
    await during(async (load) => {
      for (let n = 0; n < 20; n++) {
        await redis.ask((admin) => admin.flushall());
        await load.goOn(10);
      }
    });
  });
});
