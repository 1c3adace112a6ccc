import { jest } from '@jest/globals';
import pg from 'pg';
import { EventStream } from '../support/event-stream.js';
import { eventually } from '../support/eventually.js';
import { addLine } from '../support/lines.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import { someBasket } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';

jest.setTimeout(180_000);

type Env = Record<string, string>;

describeWith(['postgres'], 'the live basket over two processes', () => {
  let storage: Storage;
  let database: Env;
  beforeAll(async () => {
    storage = await createStorage();
    database = { DATABASE_URL: storage.env.DATABASE_URL ?? '' };
  });
  afterAll(() => storage[Symbol.asyncDispose]());

  const both = (env: Env) => Promise.all([ServiceProcess.start(env), ServiceProcess.start(env)]);

  it('hears without Redis what the other one writes, within two seconds', async () => {
    const [one, other] = await both(database);
    await using _one = one;
    await using _other = other;
    const path = someBasket();
    const version = await addLine(one.api, path);
    await using stream = await EventStream.open(`${one.url}${path}/live`);
    await stream.reaches(version);
    for (let n = 0; n < 2; n++) await stream.reaches(await addLine(other.api, path), 3000);
  });

  describeWith(['redis'], 'through Redis', () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await RedisServer.start();
    });
    afterAll(() => redis[Symbol.asyncDispose]());

    const subscribers = async (path: string) => {
      const channel = `basket:${decodeURIComponent(path.slice('/baskets/'.length))}`;
      const [, count] = (await redis.ask((admin) => admin.pubsub('NUMSUB', channel))) as [string, number];
      return count;
    };

    it('hears at once, and follows only what is listened to', async () => {
      const [one, other] = await both({ ...database, REDIS_URL: redis.url });
      await using _one = one;
      await using _other = other;
      const path = `${someBasket()}-%C3%A9%20%F0%9F%A7%BA`;
      const version = await addLine(one.api, path);
      expect(await redis.ask((admin) => admin.pubsub('CHANNELS', '*'))).toEqual([]);
      const streams = await Promise.all([one, one, other].map(({ url }) => EventStream.open(`${url}${path}/live`)));
      for (const stream of streams) await stream.reaches(version);
      await eventually(async () => (await subscribers(path)) === 2);
      // Below the second after which it would be looked for, five of which there are while Redis tells.
      const took: number[] = [];
      for (let n = 0; n < 20; n++) {
        const next = await addLine(n % 2 === 0 ? one.api : other.api, path);
        const since = performance.now();
        for (const stream of streams) await stream.reaches(next, 4000);
        took.push(performance.now() - since);
      }
      took.sort((a, b) => a - b);
      expect(took[10]).toBeLessThan(1000);
      for (const stream of streams)
        expect(stream.versions).toEqual([...new Set(stream.versions)].sort((a, b) => a - b));
      for (const stream of streams) await stream[Symbol.asyncDispose]();
      await eventually(async () => (await subscribers(path)) === 0);
    });

    it('hears what nobody announced', async () => {
      await using one = await ServiceProcess.start({ ...database, REDIS_URL: redis.url });
      // It announces nothing: it has no Redis.
      await using other = await ServiceProcess.start(database);
      const path = someBasket();
      const version = await addLine(one.api, path);
      await using stream = await EventStream.open(`${one.url}${path}/live`);
      await stream.reaches(version);
      await eventually(async () => (await subscribers(path)) === 1);
      await stream.reaches(await addLine(other.api, path), 8000);
    });

    it('hears while Redis is away, and when it is back', async () => {
      await using own = await RedisServer.start();
      const [one, other] = await both({ ...database, REDIS_URL: own.url });
      await using _one = one;
      await using _other = other;
      const path = someBasket();
      const version = await addLine(one.api, path);
      await using stream = await EventStream.open(`${one.url}${path}/live`);
      await stream.reaches(version);
      for (const stop of ['kill', 'hang'] as const) {
        if (stop === 'kill') await own.kill();
        else own.hang();
        await stream.reaches(await addLine(other.api, path), 12_000);
        await using begun = await EventStream.open(`${one.url}${path}/live`);
        await begun.reaches(stream.versions.at(-1) ?? 0);
        own.resume();
        await own.start();
        await eventually(async () => {
          const count = await own.ask((admin) => admin.pubsub('NUMSUB', `basket:${path.slice('/baskets/'.length)}`));
          return count[1] === 1;
        });
        await stream.reaches(await addLine(other.api, path), 12_000);
        await begun.reaches(stream.versions.at(-1) ?? 0);
      }
      expect((await one.api.get('/health/live')).status).toBe(200);
    });
  });

  it('hears of what is stored behind the back of all', async () => {
    await using one = await ServiceProcess.start(database);
    const path = someBasket();
    const version = await addLine(one.api, path);
    await using stream = await EventStream.open(`${one.url}${path}/live`);
    await stream.reaches(version);
    const client = new pg.Client({ connectionString: database.DATABASE_URL });
    await client.connect();
    await client.query('UPDATE basket_projections SET version = 50 WHERE user_name = $1', [
      path.slice('/baskets/'.length),
    ]);
    await client.end();
    await stream.reaches(50, 4000);
  });
});
