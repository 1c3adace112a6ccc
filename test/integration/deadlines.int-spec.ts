import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { Database, DatabaseUnavailableError, OverloadedError } from '../../src/database/database.js';
import type { BasketDataSource } from '../../src/database/data-source.js';
import { requestContext, RequestScope } from '../../src/request-context.js';
import { Api, refusal } from '../support/api.js';
import { someUser } from '../support/app.js';
import type { Answer } from '../support/contract.js';
import { createTestDatabase, testConfig } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startService } from '../support/service.js';
import { describeWith } from '../support/servers.js';
import { figure, sized } from '../support/sizes.js';

const sleep = { name: 'sleep', text: 'SELECT pg_sleep($1)' };
const far = () => performance.now() + 20_000;
/** What a process may work on at once, in tests of what is more. */
const MOST = 20;

describeWith(['postgres'], 'The deadline of a request', () => {
  let testDatabase: TestDatabase;
  let source: BasketDataSource;
  let database: Database;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    source = await testDatabase.open(testConfig(testDatabase));
    await source.initialize();
  });
  beforeEach(() => {
    database = new Database(source, true);
  });
  afterAll(async () => {
    await source.destroy();
    await testDatabase.drop();
  });

  const sleepers = () =>
    source.query<{ pid: number }[]>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'`,
    );

  it('ends what the server does for it', async () => {
    const running = database.query(sleep, [30], performance.now() + 300);
    await eventually(async () => (await sleepers()).length === 1);
    await expect(running).rejects.toThrow(DatabaseUnavailableError);
    await eventually(async () => (await sleepers()).length === 0, 5000);
  });

  it('without a cancel request leaves it running: the control', async () => {
    Object.defineProperty(database, 'cancel', { value: () => undefined });
    await expect(database.query(sleep, [30], performance.now() + 300)).rejects.toThrow(DatabaseUnavailableError);
    await setTimeout(sized(300, 700));
    const left = await sleepers();
    expect(left).toHaveLength(1);
    await source.query('SELECT pg_terminate_backend($1)', [left[0]?.pid]);
    await eventually(async () => (await sleepers()).length === 0);
  });

  it('is not waited for by more than may wait for a connection: the others are refused at once', async () => {
    const sleeping = Array.from({ length: 10 }, () => database.query(sleep, [0.3], far()));
    const waiting = await Promise.allSettled(Array.from({ length: 600 }, () => database.ping(far())));
    await Promise.all(sleeping);
    const refusals = waiting.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
    // The sleepers wait, too, until their connections are there.
    expect(refusals.length).toBeGreaterThanOrEqual(600 - 512);
    expect(refusals.length).toBeLessThanOrEqual(600 - 512 + sleeping.length);
    for (const refused of refusals) expect(refused).toBeInstanceOf(OverloadedError);
    await database.ping(far());
  });

  it('is one for all its statements', async () => {
    const scope = new RequestScope('r');
    const start = performance.now();
    scope.endAt(start + 500);
    await requestContext.run(scope, async () => {
      await database.query(sleep, [0.3], far());
      await expect(database.query(sleep, [0.6], far())).rejects.toThrow(DatabaseUnavailableError);
      await expect(database.query(sleep, [0], far())).rejects.toThrow(DatabaseUnavailableError);
    });
    expect(performance.now() - start).toBeLessThan(5000);
    await database.query(sleep, [0], far());
  });
});

describeWith(['postgres'], 'A service whose database is held up', () => {
  /** A lock that no statement of the service gets past. */
  const hold = async (source: BasketDataSource) => {
    const client = new pg.Client({ connectionString: (source.options as { url: string }).url });
    await client.connect();
    await client.query('BEGIN');
    await client.query('LOCK TABLE basket_projections IN ACCESS EXCLUSIVE MODE');
    return async () => {
      await client.query('ROLLBACK');
      await client.end();
    };
  };

  /** Three times as many requests at once as the process may work on, while the database stands still. */
  const overload = async (limit: number, patienceMs = 2000) => {
    await using service = await startService({ MAX_CONCURRENT_REQUESTS: String(limit), REDIS_URL: '' });
    const api = new Api(service.url);
    const release = await hold(service.source);
    const start = performance.now();
    let latest = 0;
    const answers: Answer[] = [];
    const sent = Array.from({ length: 3 * MOST }, async () => {
      const answer = await api.get(`/baskets/${someUser()}`);
      answers.push(answer);
      if (answer.status === 503) latest = performance.now() - start;
    });
    await eventually(() => answers.length >= 2 * MOST, patienceMs).catch(() => undefined);
    const refused = [...answers];
    expect((await api.get('/health/live')).status).toBe(200);
    await release();
    await Promise.all(sent);
    await eventually(async () => (await api.get(`/baskets/${someUser()}`)).status === 404);
    return { refused, latest: Math.round(latest), served: answers.filter(({ status }) => status === 404).length };
  };

  it('refuses at once what is more than it may work on, never health, and goes on when it is free', async () => {
    const { refused, latest, served } = await overload(MOST);
    figure(
      'overload',
      `${3 * MOST} requests at a limit of ${MOST} while the database stands still: ${refused.length} refused within ${latest} ms, ${served} served when it goes on`,
    );
    expect(refused).toHaveLength(2 * MOST);
    for (const answer of refused) {
      refusal(answer, 'overloaded');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    }
    expect(served).toBe(MOST);
  });

  it('lets all of it wait where there is no limit: the test above can fail', async () => {
    const { refused, served } = await overload(100_000, sized(700, 2000));
    figure('overload (control: no limit)', `${refused.length} refused, ${served} served when it goes on`);
    expect(refused).toEqual([]);
    expect(served).toBe(3 * MOST);
  });

  it('answers each request by its deadline', async () => {
    await using service = await startService({ REQUEST_DEADLINE_MS: '600', REDIS_URL: '' });
    const api = new Api(service.url);
    const release = await hold(service.source);
    const start = performance.now();
    const answers = await Promise.all(Array.from({ length: 40 }, () => api.get(`/baskets/${someUser()}`)));
    expect(performance.now() - start).toBeLessThan(6000);
    for (const answer of answers) refusal(answer, 'database-unavailable');
    await release();
    refusal(await api.get(`/baskets/${someUser()}`), 'basket-not-found');
  });
});
