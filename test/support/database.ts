import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { readConfig } from '../../src/config.js';
import type { Config } from '../../src/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import type { BasketDataSource } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { takeBareEmbedded, takeEmbedded } from './embedded.js';
import { idleDatabases } from './idle-databases.js';
import { cleared, schemaOf } from './schema.js';

export interface TestDatabase {
  /** Undefined for the embedded database. */
  readonly url: string | undefined;
  readonly open: (config: Config) => Promise<BasketDataSource>;
  readonly drop: () => Promise<void>;
}

/** A database of the test's own with the schema in it: on the server of DATABASE_URL, else an embedded one in memory. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env.DATABASE_URL;
  if (!server) return embedded(takeEmbedded);
  const { url, schema } = idleDatabases.take('server') ?? (await createMigrated(server));
  return onServer(url, () => giveBack(server, url, schema));
}

/** The same, without the schema. @param server a PostgreSQL instead of that of DATABASE_URL */
export async function createBareDatabase(server = process.env.DATABASE_URL): Promise<TestDatabase> {
  if (!server) return embedded(takeBareEmbedded);
  const url = await create(server);
  return onServer(url, () => drop(server, url));
}

const embedded = (take: typeof takeEmbedded): TestDatabase => ({
  url: undefined,
  open: async (config) => createDataSource(config, { opened: await take() }),
  drop: () => Promise.resolve(),
});

function onServer(url: string, drop: () => Promise<void>): TestDatabase {
  let dropped: Promise<void> | undefined;
  return { url, open: (config) => createDataSource(config), drop: () => (dropped ??= drop()) };
}

async function createMigrated(server: string) {
  const url = await create(server);
  const source = await createDataSource(readConfig({ DATABASE_URL: url }));
  try {
    await source.initialize();
    await migrate(source, url);
  } finally {
    await source.destroy();
  }
  return { url, schema: await withClient(url, schemaOf) };
}

async function giveBack(server: string, url: string, schema: string): Promise<void> {
  const isEmpty = await withClient(url, async (client) => {
    await client.query(
      `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    return await cleared(client, schema);
  }).catch(() => false);
  if (isEmpty) idleDatabases.giveBack('server', { url, schema });
  else await drop(server, url);
}

async function create(server: string): Promise<string> {
  // The global teardown drops what is left of this run.
  const name = `basket_test_${process.env.TEST_RUN ?? ''}_${randomUUID().replaceAll('-', '')}`;
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function drop(server: string, url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await withClient(server, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The configuration of a test, quiet unless it says otherwise. */
export const testConfig = (database: TestDatabase, env: Record<string, string> = {}): Config =>
  readConfig({
    LOG_LEVEL: 'silent',
    ...(database.url ? { DATABASE_URL: database.url } : {}),
    ...(process.env.REDIS_URL ? { REDIS_URL: process.env.REDIS_URL } : {}),
    ...env,
  });
