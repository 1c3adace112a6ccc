import { readdirSync } from 'node:fs';
import { createApp } from '../../src/app.js';
import { BasketDataSource, createDataSource } from '../../src/database/data-source.js';
import { migrate, pendingMigrations } from '../../src/database/migrate.js';
import { Jobs } from '../../src/jobs/jobs.js';
import { createBareDatabase, testConfig } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PostgresServer } from '../support/postgres-server.js';
import { describeWith } from '../support/servers.js';
import { embeddedStorage } from '../support/storage.js';

/** Those of the folder: one that is not registered would be missed. */
const NAMES = readdirSync('migrations').map((file) => {
  const [, timestamp = '', name = ''] = /^(\d+)-(.*)\.ts$/.exec(file) ?? [];
  return name.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase()) + timestamp;
});
const QUICK = { SHUTDOWN_DRAIN_MS: '0', REDIS_URL: '' };

let database: TestDatabase;
let sources: BasketDataSource[];

beforeEach(async () => {
  database = await createBareDatabase();
  sources = [];
});
afterEach(async () => {
  for (const source of sources) await source.destroy();
  await database.drop();
});

async function connect(): Promise<BasketDataSource> {
  const source = await database.open(testConfig(database));
  sources.push(source);
  return await source.initialize();
}

const migrated = async (source: BasketDataSource) =>
  (await source.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

const relations = async (source: BasketDataSource) =>
  await source.query<{ name: string; definition: string | null }[]>(
    `SELECT relname AS name, pg_get_indexdef(indexrelid) AS definition
     FROM pg_class LEFT JOIN pg_index ON indexrelid = oid
     WHERE relnamespace = 'public'::regnamespace AND relname !~ '^migrations'
       AND indrelid IS DISTINCT FROM 'migrations'::regclass
     ORDER BY relname`,
  );

const differences = async (source: BasketDataSource) =>
  (await source.driver.createSchemaBuilder().log()).upQueries.map(({ query }) => query);

describe('The migrations', () => {
  it('make what the entities declare', async () => {
    const source = await connect();
    expect(await migrate(source, database.url)).toEqual(NAMES);
    expect(await differences(source)).toEqual([]);
  });

  it('would be told from the entities if they differed', async () => {
    const source = await connect();
    await migrate(source, database.url);
    // Columns that a view reads cannot be changed.
    await source.query('DROP MATERIALIZED VIEW basket_analytics');
    for (const change of [
      'ALTER TABLE basket_projections ALTER COLUMN status TYPE varchar(20)',
      'ALTER TABLE basket_projections ALTER COLUMN basket TYPE jsonb',
      'ALTER TABLE basket_projections ALTER COLUMN updated_at DROP NOT NULL',
      'ALTER TABLE domain_events ADD COLUMN stray integer',
      'ALTER TABLE domain_events DROP COLUMN metadata',
      'ALTER TABLE domain_events DROP CONSTRAINT domain_events_pkey',
      'DROP INDEX domain_events_type_time',
    ]) {
      await source.query(change);
      expect([change, await differences(source)]).not.toEqual([change, []]);
      await source.synchronize();
      expect([change, await differences(source)]).toEqual([change, []]);
    }
  });

  it('go down and up again', async () => {
    const source = await connect();
    await migrate(source, database.url);
    const before = await relations(source);
    expect(before.map(({ name }) => name)).toEqual(expect.arrayContaining(['basket_projections', 'domain_events']));
    for (const _ of NAMES) await source.undoLastMigration();
    expect(await relations(source)).toEqual([]);
    expect(await pendingMigrations(source)).toEqual(NAMES);
    expect(await migrate(source, database.url)).toEqual(NAMES);
    expect(await relations(source)).toEqual(before);
    expect(await differences(source)).toEqual([]);
  });

  it('run once', async () => {
    const source = await connect();
    await migrate(source, database.url);
    expect(await migrate(source, database.url)).toEqual([]);
    expect(await migrated(source)).toEqual(NAMES);
    expect(await pendingMigrations(source)).toEqual([]);
  });
});

describe('MIGRATE_ON_START=false', () => {
  const start = async (source: BasketDataSource) =>
    await createApp(testConfig(database, { MIGRATE_ON_START: 'false', ...QUICK }), () => Promise.resolve(source));

  it('refuses to start on an empty database, and names the command that fills it', async () => {
    const source = await database.open(testConfig(database));
    sources.push(source);
    const starting = start(source);
    await expect(starting).rejects.toThrow('npm run migrate');
    await expect(starting).rejects.toThrow(NAMES.join(', '));
  });

  it('starts on a database that is up to date', async () => {
    // The embedded database of other tests is in memory and ends with its source.
    await using storage = await embeddedStorage('nothing');
    const config = testConfig(database, storage.env);
    const source = await createDataSource(config);
    sources.push(source);
    await migrate(await source.initialize(), database.url);
    await source.destroy();
    const app = await start(await createDataSource(config));
    await app.close();
  });
});

describeWith(['postgres'], 'Migrating a server from several processes at once', () => {
  it('applies each migration once, and fails none of them', async () => {
    const runners = [await connect(), await connect(), await connect(), await connect()];
    const applied = await Promise.all(runners.map((source) => migrate(source, database.url)));
    expect(applied.flat()).toEqual(NAMES);
    expect(applied.filter((names) => names.length === 0)).toHaveLength(3);
    expect(await migrated(await connect())).toEqual(NAMES);
  });

  it('is a race without the lock', async () => {
    const runners = [await connect(), await connect(), await connect(), await connect()];
    const outcomes = await Promise.allSettled(runners.map((source) => source.runMigrations()));
    const failed = outcomes.filter(({ status }) => status === 'rejected');
    const recorded = await migrated(await connect()).catch(() => []);
    expect(failed.length > 0 || recorded.length !== NAMES.length).toBe(true);
  });

  it('waits for the one that has the lock, which may die', async () => {
    const [holder, waiter] = [await connect(), await connect()];
    let killed = false;
    holder.runMigrations = async () => {
      await eventually(() => killed);
      return [];
    };
    const died = migrate(holder, database.url);
    const locks = () =>
      waiter.query<{ pid: number; granted: boolean }[]>(
        `SELECT pid, granted FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
         WHERE locktype = 'advisory' AND datname = current_database() ORDER BY granted DESC`,
      );
    const holding = await eventually(async () => (await locks())[0] ?? false);
    const waiting = migrate(waiter, database.url);
    await eventually(async () => (await locks()).length === 2);
    expect(await migrated(waiter).catch(() => [])).toEqual([]);

    await waiter.query('SELECT pg_terminate_backend($1)', [holding.pid]);
    expect(await waiting).toEqual(NAMES);
    killed = true;
    await expect(died).rejects.toThrow();
  });
});

describeWith(['postgres'], 'A role that may not change the schema', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('serves on a database that is up to date, and is told of one that is not', async () => {
    const config = testConfig({ ...database, url: server.url }, { MIGRATE_ON_START: 'false', ...QUICK });
    const owner = await createDataSource(config);
    sources.push(owner);
    await owner.initialize();
    await owner.query('CREATE ROLE service LOGIN');
    const service = { ...config, DATABASE_URL: server.url.replace('postgres@', 'service@') };

    await expect(createApp(service)).rejects.toThrow('npm run migrate');
    await migrate(owner, server.url);
    await owner.query('GRANT SELECT ON ALL TABLES IN SCHEMA public TO service');
    await owner.query('GRANT INSERT ON domain_events, basket_snapshots TO service');
    await owner.query('GRANT INSERT, UPDATE, DELETE ON outbox, outbox_leases TO service');
    await owner.query('GRANT INSERT, UPDATE ON basket_projections TO service');
    await owner.query('GRANT INSERT, UPDATE ON job_leases TO service');
    const app = await createApp(service);
    try {
      await app.init();
      const basket = { currency: 'EUR', items: [] };
      const put = await app.inject({ method: 'PUT', url: '/baskets/alice', payload: basket });
      expect(put.statusCode).toBe(201);
      const deletion = await app.inject({ method: 'DELETE', url: '/baskets/alice' });
      expect(deletion.statusCode).toBe(204);

      await app.get(Jobs).tick();
      const ran = await owner.query<{ job: string }[]>('SELECT job FROM job_leases WHERE last_run_at IS NOT NULL');
      expect(ran.map(({ job }) => job).sort()).toEqual(['abandon-idle-baskets', 'refresh-analytics']);
      // It owns nothing, so it could not do this by itself.
      await expect(app.get(BasketDataSource).query('REFRESH MATERIALIZED VIEW basket_analytics')).rejects.toThrow(
        'must be owner',
      );
    } finally {
      await app.close();
    }
  });
});
