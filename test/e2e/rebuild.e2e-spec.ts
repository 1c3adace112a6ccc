import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/database/data-source.js';
import { readConfig } from '../../src/config.js';
import { Api, basketIn } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { Script } from '../support/script.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import { addition, someBasket } from '../support/shopping.js';
import { sized } from '../support/sizes.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';

jest.setTimeout(180_000);

/** So that the second look does not take the tests long. */
const QUICK = { REQUEST_DEADLINE_MS: '500' };

let storage: Storage;
let folder: string;
beforeEach(async () => {
  storage = await createStorage();
  folder = mkdtempSync(join(tmpdir(), 'basket-rebuild-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await storage[Symbol.asyncDispose]();
});

const progressFile = () => join(folder, 'progress.json');

const start = (args: readonly string[] = [], env = storage.env) =>
  new Script('rebuild-projections.js', [...args, '--progress', progressFile()], { ...QUICK, ...env });

async function run(...args: string[]) {
  const script = start(args);
  return { code: await script.exited, written: script.written, said: script.said };
}

/** The embedded database is the test's while it is used. */
async function withDatabase<T>(use: (source: DataSource) => Promise<T>): Promise<T> {
  const source = await createDataSource(readConfig(storage.env));
  try {
    return await use(await source.initialize());
  } finally {
    await source.destroy();
  }
}

const sql = (text: string, values: unknown[] = []) => withDatabase((source) => source.query<unknown[]>(text, values));

const shop = async (api: Api, path: string) => basketIn(await api.post(`${path}/items`, addition()), 201);

/** As many users with a basket each, whose rows there are not. */
const insertStreams = (users: number) =>
  sql(
    `INSERT INTO domain_events (user_name, version, event_id, basket_id, event_type, event_data, metadata, occurred_at)
     SELECT 'user-' || n, 1, gen_random_uuid(), basket_id, 'BasketCreated',
            jsonb_build_object('basketId', basket_id, 'currency', 'EUR'), '{}', '2026-11-25T10:00:00Z'
     FROM (SELECT n, gen_random_uuid() AS basket_id FROM generate_series(1, $1::integer) AS n) AS made`,
    [users],
  );

describe('npm run projections:rebuild', () => {
  it('needs a schema, and refuses what it does not know', async () => {
    await using bare = await createStorage('nothing');
    const script = start([], bare.env);
    expect([await script.exited, script.said]).toEqual([
      1,
      expect.stringMatching(/lacks migrations .*Run: npm run migrate/s),
    ]);
    expect((await run('--chekc')).code).toBe(2);
    expect(await run('--help')).toMatchObject({ code: 0, written: expect.stringContaining('--check') as string });
  });

  it('finds what differs, exits with 1 for that only when it checks, and mends it', async () => {
    const paths = [someBasket(), someBasket(), someBasket()];
    {
      await using service = await ServiceProcess.start(storage.env);
      for (const path of paths) await shop(service.api, path);
      await service.end();
    }
    await sql(`UPDATE basket_projections SET status = 'x'`);
    expect(await run('--check')).toMatchObject({
      code: 1,
      written: 'Users: 3. Rows that differed: 3 (projections 3, snapshots 0). Nothing was changed.\n',
    });
    expect(await run('--user', paths[0]?.slice('/baskets/'.length) ?? '')).toMatchObject({
      code: 0,
      written: 'Users: 1. Rows that differed: 1 (projections 1, snapshots 0). They were rebuilt.\n',
    });
    expect(await run()).toMatchObject({
      code: 0,
      written: 'Users: 3. Rows that differed: 2 (projections 2, snapshots 0). They were rebuilt.\n',
    });
    expect(await run('--check')).toMatchObject({
      code: 0,
      written: 'Users: 3. Rows that differed: 0 (projections 0, snapshots 0).\n',
    });
    expect(await withDatabase(expectReplayEqualsProjection)).toBe(3);
    expect(existsSync(progressFile())).toBe(false);
  });

  it('tells of events that cannot be folded, and exits with 1', async () => {
    await insertStreams(1);
    await sql('UPDATE domain_events SET version = 2');
    const { code, written, said } = await run();
    expect(code).toBe(1);
    expect(written).toContain('Users whose events cannot be folded: 1.');
    expect(said).toContain('The events of user-1 cannot be folded: version 2 follows 0');
  });

  it.each(sized(['SIGKILL'] as const, ['SIGKILL', 'SIGTERM'] as const))(
    'goes on after a %s where it was',
    async (signal) => {
      const users = 800;
      await insertStreams(users);
      const script = start();
      await eventually(() => {
        const { users: done } = JSON.parse(readFileSync(progressFile(), 'utf8')) as { users: number };
        return done >= 200;
      });
      script.kill(signal);
      expect(await script.exited).toBe(signal === 'SIGKILL' ? 'SIGKILL' : 130);
      const kept = JSON.parse(readFileSync(progressFile(), 'utf8')) as { users: number; after: string };
      expect(kept.users).toBeLessThan(users);
      if (signal === 'SIGTERM') expect(script.said).toContain(`-- --after ${kept.after}`);
      // What was mended just before would be looked at once more. Without that, this shows that nobody is begun anew.
      writeFileSync(progressFile(), JSON.stringify({ ...kept, mended: [] }));
      await sql(`UPDATE basket_projections SET status = 'x'
               WHERE user_name = (SELECT min(user_name) FROM basket_projections)`);

      const second = await run();
      expect(second.code).toBe(0);
      expect(second.said).toContain(`Goes on behind ${kept.after}, where it was interrupted`);
      expect(second.written).toMatch(/^Users: 800\. /);
      const [, differed = ''] = /differed: ([\d,]+)/.exec(second.written) ?? [];
      // A page may have been mended and not been counted.
      expect(Number(differed.replace(',', ''))).toBeGreaterThanOrEqual(users - 100);
      expect((await run('--restart')).written).toMatch(/^Users: 800\. Rows that differed: 1 /);
      expect(await withDatabase(expectReplayEqualsProjection)).toBe(users);
    },
  );
});

if (!process.env.DATABASE_URL)
  it('leaves the embedded database to a service that runs, and says so', async () => {
    await using service = await ServiceProcess.start(storage.env);
    const { code, said } = await run();
    expect(code).toBe(1);
    expect(said).toContain('it serves one process, so the service must be stopped meanwhile');
    expect(said).toMatch(/Process \d+ has the embedded database in .* open\. Stop it/);
    expect((await service.api.get('/health/ready')).status).toBe(200);
  });

describeWith(['postgres', 'redis'], 'npm run projections:rebuild beside the service', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  it('mends what the cache has, which a rebuild without the cache would leave', async () => {
    const env = { ...storage.env, REDIS_URL: redis.url };
    await using service = await ServiceProcess.start(env);
    const { api } = service;
    const path = someBasket();
    const { version } = await shop(api, path);
    const right = (await api.get(path)).text;
    for (const withCache of [false, true]) {
      await sql(`UPDATE basket_projections SET basket = replace(basket::text, 'Field', 'Wrong')::json`);
      await redis.ask((admin) => admin.flushall());
      for (let n = 0; n < 2; n++) expect(basketIn(await api.get(path)).items[0]?.productName).toBe('Wrong notebook');
      const script = start([], withCache ? env : { ...env, REDIS_URL: '' });
      expect(await script.exited).toBe(0);
      expect((await api.get(path)).text === right).toBe(withCache);
    }
    expect((await shop(api, path)).version).toBe(version + 1);
  });

  it('says when the cache cannot be told', async () => {
    await insertStreams(2);
    const script = start([], { ...storage.env, REDIS_URL: 'redis://127.0.0.1:1' });
    expect(await script.exited).toBe(1);
    expect(script.written).toContain('as they were for CACHE_TTL_SECONDS, as Redis does not answer: 2.');
    expect(await withDatabase(expectReplayEqualsProjection)).toBe(2);
  });

  it('loses no write of a service that goes on', async () => {
    const env = { ...storage.env, REDIS_URL: redis.url };
    await using service = await ServiceProcess.start(env);
    const paths = Array.from({ length: 20 }, () => someBasket());
    const added = new Map<string, string[]>(paths.map((path) => [path, []]));
    let done = false;
    const writers = paths.map(async (path) => {
      // A basket has room for 500 lines.
      for (let n = 0; n < 5 || (!done && n < 400); n++) {
        const item = addition();
        basketIn(await service.api.post(`${path}/items`, item), 201);
        added.get(path)?.push(item.productId);
      }
    });
    await eventually(() => [...added.values()].every((items) => items.length > 1));
    for (let round = 0; round < 2; round++) {
      await sql(`UPDATE basket_projections SET basket = (basket::text || ' ')::json`);
      const script = start([], env);
      expect(await script.exited).toBe(0);
      expect(script.written).toMatch(/^Users: 20\. /);
    }
    done = true;
    await Promise.all(writers);
    expect(await withDatabase(expectReplayEqualsProjection)).toBe(paths.length);
    for (const path of paths) {
      const there = basketIn(await service.api.get(path)).items.map(({ productId }) => productId);
      expect(there.sort()).toEqual([...(added.get(path) ?? [])].sort());
    }
  });
});
