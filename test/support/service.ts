import { createApp } from '../../src/app.js';
import { BasketDataSource } from '../../src/database/data-source.js';
import { createBareDatabase, createTestDatabase, testConfig } from './database.js';

/** The whole service in this process, on a database of its own, as whoever makes its servers fail sees it. */
export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly source: BasketDataSource;
  /** What the readiness probe gets. */
  readonly readiness: () => Promise<{ status: number; cache: string; database: string }>;
}

/** @param server a PostgreSQL to make the database on, instead of that of DATABASE_URL */
export async function startService(env: Record<string, string>, server?: string): Promise<Service> {
  const database = await (server === undefined ? createTestDatabase() : createBareDatabase(server));
  const app = await createApp(testConfig(database, env), database.open);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    url,
    source: app.get(BasketDataSource),
    readiness: async () => {
      const response = await fetch(`${url}/health/ready`);
      const { details } = (await response.json()) as { details: Record<'cache' | 'database', { status: string }> };
      return { status: response.status, cache: details.cache.status, database: details.database.status };
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await database.drop();
    },
  };
}
