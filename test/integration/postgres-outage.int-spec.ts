import { jest } from '@jest/globals';
import { someUser } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { Load, kindsOf } from '../support/load.js';
import { PostgresServer } from '../support/postgres-server.js';
import { describeWith } from '../support/servers.js';
import { startService } from '../support/service.js';
import type { Service } from '../support/service.js';

const DEADLINE_MS = 1500;
/** For what is not waiting: the machine may be busy. */
const TOLERANCE_MS = 5000;
const POOL_SIZE = 5;

jest.setTimeout(120_000);

const UNAVAILABLE = '503 database-unavailable retry-after 1';

describeWith(['postgres'], 'PostgreSQL under load', () => {
  let postgres: PostgresServer;
  let service: Service;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const env = { REDIS_URL: '', REQUEST_DEADLINE_MS: `${DEADLINE_MS}`, DATABASE_POOL_SIZE: `${POOL_SIZE}` };
    service = await startService(env, postgres.url);
  });
  afterAll(async () => {
    postgres.resume();
    await service[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  const live = async () => (await fetch(`${service.url}/health/live`)).status;
  const isReady = async () => (await service.readiness()).status === 200;

  const request = async (user: string, options: RequestInit) => {
    const start = performance.now();
    const response = await fetch(`${service.url}/baskets/${user}`, options);
    const { userName, code } = (await response.json()) as { userName?: string; code?: string };
    return { status: response.status, ms: performance.now() - start, userName, code };
  };
  const get = (user: string) => request(user, {});
  const put = (user: string) =>
    request(user, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ currency: 'EUR', items: [] }),
    });

  /** More requests than there are connections, each of which knows the answer that is its own. */
  const expectEveryConnectionGood = async () => {
    const users = Array.from({ length: 10 * POOL_SIZE }, () => someUser());
    const created = await Promise.all(users.map(put));
    expect(created.map(({ status, userName }) => [status, userName])).toEqual(users.map((user) => [201, user]));
    const read = await Promise.all(users.map(get));
    expect(read.map(({ status, userName }) => [status, userName])).toEqual(users.map((user) => [200, user]));
  };

  const expectRefusalsOnly = (load: Load) => {
    const kinds = kindsOf(load.answers);
    expect(kinds.filter((kind) => kind !== UNAVAILABLE)).toEqual(['200', '201']);
    expect(kinds).toContain(UNAVAILABLE);
    expect(load.stale).toBe(0);
  };

  it('may be restarted so fast that few requests notice', async () => {
    const load = new Load(service.url);
    try {
      for (let n = 0; n < 2; n++) {
        await load.goOn(60);
        await postgres.kill();
        await postgres.start();
      }
      await eventually(isReady);
      await load.goOn(60);
    } finally {
      await load.stop();
    }
    expect(kindsOf(load.answers).filter((kind) => kind !== UNAVAILABLE)).toEqual(['200', '201']);
    await load.expectKept(service.source);
    await expectEveryConnectionGood();
  });

  it('is waited for until the deadline when it hangs, and serves at once when it goes on', async () => {
    await expectEveryConnectionGood();
    const user = someUser();
    await put(user);
    postgres.hang();
    try {
      const started = performance.now();
      const many = Array.from({ length: 8 * POOL_SIZE }, () => someUser());
      const answers = await Promise.all([
        ...many.map(put),
        ...many.map(get),
        // They take turns at one basket.
        ...many.map(() => put(user)),
      ]);
      expect([...new Set(answers.map(({ status, code }) => `${status} ${code}`))]).toEqual([
        '503 database-unavailable',
      ]);
      expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(DEADLINE_MS + TOLERANCE_MS);
      expect(performance.now() - started).toBeGreaterThan(DEADLINE_MS - 100);
      expect(await live()).toBe(200);
      expect((await service.readiness()).status).toBe(503);
    } finally {
      postgres.resume();
    }
    await eventually(isReady);
    await expectEveryConnectionGood();
  });

  it('may hang under load', async () => {
    const load = new Load(service.url);
    try {
      await load.goOn(60);
      postgres.hang();
      try {
        await load.goOn(10);
        expect(await live()).toBe(200);
      } finally {
        postgres.resume();
      }
      await eventually(isReady);
      await load.goOn(60);
    } finally {
      await load.stop();
    }
    expectRefusalsOnly(load);
    expect(Math.max(...load.answers.map(({ ms }) => ms))).toBeLessThan(DEADLINE_MS + TOLERANCE_MS);
    await load.expectKept(service.source);
    await expectEveryConnectionGood();
  });

  it('may close every connection without notice', async () => {
    const load = new Load(service.url);
    try {
      for (let n = 0; n < 2; n++) {
        await load.goOn(60);
        await service.source
          .query(
            'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
          )
          .catch(() => undefined);
      }
      await load.goOn(60);
    } finally {
      await load.stop();
    }
    expect(kindsOf(load.answers).filter((kind) => kind !== UNAVAILABLE)).toEqual(['200', '201']);
    await load.expectKept(service.source);
    await expectEveryConnectionGood();
  });
});
