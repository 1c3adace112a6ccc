import pg from 'pg';
import { MigrationExecutor } from 'typeorm';
import type { Config } from '../config.js';
import type { BasketDataSource } from './data-source.js';
import { grantPrivileges, roleOf } from './privileges.js';

/** Any number that no other program locks in the same database. */
const MIGRATION_LOCK = 4_273_301_877;

/**
 * Applies the pending migrations, one process at a time: TypeORM takes no lock, and two runners that start at
 * once race. The lock ends with its transaction, so neither a crash nor a pooler leaves it behind.
 *
 * @param url the server; without it the database is embedded, and its one process has nobody to lock out
 * @param serviceUrl as whom the service connects, where that is another role: it is granted what it needs
 * @returns the names of the migrations that were applied
 */
export async function migrate(
  dataSource: BasketDataSource,
  url: string | undefined,
  serviceUrl = url,
): Promise<string[]> {
  if (url === undefined) return await runPending(dataSource);
  const lock = new pg.Client({ connectionString: url, application_name: 'basket-migrate' });
  lock.on('error', () => undefined); // A lost lock shows in the COMMIT below.
  await lock.connect();
  try {
    await lock.query('BEGIN');
    await lock.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    const applied = await runPending(dataSource);
    if (serviceUrl !== undefined && serviceUrl !== url) await grantPrivileges(dataSource, roleOf(serviceUrl));
    await lock.query('COMMIT');
    return applied;
  } finally {
    await lock.end();
  }
}

async function runPending(dataSource: BasketDataSource): Promise<string[]> {
  const applied = await dataSource.runMigrations();
  return applied.map(({ name }) => name);
}

/** @returns the names of the migrations that this release brings and the database lacks */
export async function pendingMigrations(dataSource: BasketDataSource): Promise<string[]> {
  const pending = await new MigrationExecutor(dataSource).getPendingMigrations();
  return pending.map(({ name }) => name);
}

/** As the role that may change the schema, where the service itself may not. */
export async function migrateAsOwner(
  config: Config,
  create: (config: Config) => Promise<BasketDataSource>,
): Promise<string[]> {
  const { DATABASE_URL, MIGRATION_DATABASE_URL: url = DATABASE_URL } = config;
  const owner = await create({ ...config, DATABASE_URL: url });
  try {
    await owner.initialize();
    return await migrate(owner, url, DATABASE_URL);
  } finally {
    await owner.destroy();
  }
}
