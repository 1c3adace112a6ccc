// npm run migrate: applies what is pending to the database that the environment names.
import { ConfigError, readConfig } from './config.js';
import { createDataSource } from './database/data-source.js';
import type { BasketDataSource } from './database/data-source.js';
import { migrate } from './database/migrate.js';

let source: BasketDataSource | undefined;
try {
  const config = readConfig(process.env);
  source = await createDataSource(config);
  await source.initialize();
  const applied = await migrate(source, config.DATABASE_URL);
  process.stdout.write(applied.length > 0 ? `Applied: ${applied.join(', ')}\n` : 'Nothing is pending.\n');
} catch (error) {
  const { message } = error as Error;
  process.stderr.write(error instanceof ConfigError ? `${message}\n` : `The migration failed: ${message}\n`);
  process.exitCode = 1;
} finally {
  await source?.destroy();
}
