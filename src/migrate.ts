// npm run migrate: applies what is pending to the database that the environment names.
import { ConfigError, readConfig } from './config.js';
import { createDataSource } from './database/data-source.js';
import { migrateAsOwner } from './database/migrate.js';

try {
  // It serves nobody, so it need not know who may do what.
  const config = readConfig({ ...process.env, AUTH_MODE: 'none' });
  const applied = await migrateAsOwner(config, createDataSource);
  process.stdout.write(applied.length > 0 ? `Applied: ${applied.join(', ')}\n` : 'Nothing is pending.\n');
} catch (error) {
  const { message } = error as Error;
  process.stderr.write(error instanceof ConfigError ? `${message}\n` : `The migration failed: ${message}\n`);
  process.exitCode = 1;
}
