import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { readConfig } from '../../src/config.js';
import type { Config } from '../../src/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import type { BasketDataSource } from '../../src/database/data-source.js';
import { takeEmbedded } from './embedded.js';

export interface TestDatabase {
  /** Undefined for the embedded database. */
  readonly url: string | undefined;
  readonly open: (config: Config) => Promise<BasketDataSource>;
  readonly drop: () => Promise<void>;
}

/** An empty database of the test's own: on the server of DATABASE_URL, else an embedded one in memory. */
export async function createTestDatabase(server = process.env.DATABASE_URL): Promise<TestDatabase> {
  if (!server) {
    const open = async (config: Config) => createDataSource(config, { opened: await takeEmbedded() });
    return { url: undefined, open, drop: () => Promise.resolve() };
  }
  const name = `basket_test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    open: (config) => createDataSource(config),
    drop: () => administer(server, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
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
