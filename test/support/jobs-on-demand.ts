import { RefreshAnalytics } from '../../src/analytics/refresh-analytics.js';
import { createApp } from '../../src/app.js';
import { AbandonIdleBaskets } from '../../src/basket/abandon-idle-baskets.js';
import { BasketRepository } from '../../src/basket/basket.repository.js';
import { IdleBaskets } from '../../src/basket/persistence/idle-baskets.js';
import { Database } from '../../src/database/database.js';
import { BasketDataSource } from '../../src/database/data-source.js';
import { Api } from './api.js';
import { createTestDatabase, testConfig } from './database.js';

/** The service, whose jobs run when the test says so: figures are counted anew, idle baskets are abandoned. */
export async function serveJobsOnDemand(env: Record<string, string> = {}) {
  const database = await createTestDatabase();
  const app = await createApp(
    testConfig(database, { ANALYTICS_REFRESH_SECONDS: '0', BASKET_ABANDONED_AFTER_HOURS: '0', ...env }),
    database.open,
  );
  await app.listen(0, '127.0.0.1');
  const api = new Api(await app.getUrl());
  const source = app.get(BasketDataSource);
  return {
    app,
    api,
    source,
    query: <Row>(sql: string, values: unknown[] = []) => source.query<Row[]>(sql, values),
    /** A request that is to change something. */
    write: async (method: 'PUT' | 'POST' | 'DELETE', url: string, payload?: object) => {
      const { statusCode, body } = await app.inject({ method, url, ...(payload && { payload }) });
      if (statusCode >= 300) throw new Error(`${method} ${url} -> ${statusCode} ${body}`);
    },
    refresh: () => app.get(RefreshAnalytics).run(new AbortController().signal),
    /** @param now ISO 8601; a day later than the last change of what is abandoned */
    abandonIdle: (now: string): Promise<void> =>
      new AbandonIdleBaskets(new IdleBaskets(app.get(Database)), app.get(BasketRepository), 24, () =>
        Date.parse(now),
      ).run(new AbortController().signal),
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await database.drop();
    },
  };
}

export type Service = Awaited<ReturnType<typeof serveJobsOnDemand>>;
