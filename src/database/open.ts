import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Config } from '../config.js';
import { createDataSource } from './data-source.js';
import type { BasketDataSource } from './data-source.js';
import { migrate, migrateAsOwner, pendingMigrations } from './migrate.js';

const ATTEMPTS = 30;

/**
 * Connects, waiting half a minute for a server that is still on its way up, and brings the schema up to date or
 * checks that it is.
 *
 * @throws Error that says what to do
 */
export async function openDatabase(config: Config, source: BasketDataSource): Promise<BasketDataSource> {
  const logger = new Logger('Database');
  try {
    await connect(source, logger);
    if (config.MIGRATE_ON_START) {
      const applied = config.MIGRATION_DATABASE_URL
        ? await migrateAsOwner(config, createDataSource)
        : await migrate(source, config.DATABASE_URL);
      if (applied.length > 0) logger.log(`Migrations applied: ${applied.join(', ')}`);
    } else {
      const pending = await pendingMigrations(source);
      if (pending.length > 0)
        throw new Error(
          `The database lacks migrations (${pending.join(', ')}). Run: npm run migrate (in the image: node dist/bundle/migrate.js)`,
        );
    }
    return source;
  } catch (error) {
    await source.destroy();
    throw error;
  }
}

async function connect(source: BasketDataSource, logger: Logger): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await source.initialize();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw new Error('PostgreSQL cannot be reached at DATABASE_URL.', { cause: error });
      logger.warn(`PostgreSQL cannot be reached (${(error as Error).message}); trying again.`);
      await setTimeout(1000);
    }
  }
}
