// npm run migrate: applies what is pending to the database that the environment names.
import { readConfig } from './config.js';
import { createDataSource } from './database/data-source.js';
import { migrate } from './database/migrate.js';

const config = readConfig(process.env);
const source = await createDataSource(config);
try {
  await source.initialize();
  const applied = await migrate(source, config.DATABASE_URL);
  process.stdout.write(applied.length > 0 ? `Applied: ${applied.join(', ')}\n` : 'Nothing is pending.\n');
} catch (error) {
  process.stderr.write(`The migration failed: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  await source.destroy();
}
