import { createApp } from '../../src/app.js';
import { BasketDataSource } from '../../src/database/data-source.js';
import { Api } from './api.js';
import { createTestDatabase, testConfig } from './database.js';

/** Nothing is published, so that the outbox keeps its pointers. */
export const NO_BUS = { NATS_URL: 'nats://127.0.0.1:1' };

export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly api: Api;
  readonly query: (sql: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
}

/** The whole service in this process, listening, on a database of its own, with Redis where REDIS_URL names one. */
export async function serve(env: Record<string, string> = {}): Promise<Served> {
  const database = await createTestDatabase();
  const app = await createApp(testConfig(database, env), database.open);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    url,
    api: new Api(url),
    query: (sql, values = []) => app.get(BasketDataSource).query(sql, values),
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await database.drop();
    },
  };
}

/** The same for all tests of the suite that it is called in. */
export function servedForAll(env?: Record<string, string>): Omit<Served, keyof AsyncDisposable> {
  let served: Served;
  beforeAll(async () => {
    served = await serve(env);
  });
  afterAll(() => served[Symbol.asyncDispose]());
  return {
    get url() {
      return served.url;
    },
    api: new Api(() => served.url),
    query: (sql, values) => served.query(sql, values),
  };
}
