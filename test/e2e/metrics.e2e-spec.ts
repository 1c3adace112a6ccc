import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { refusal } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { Metrics } from '../support/metrics.js';
import { RedisServer, freePort } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess, runToEnd } from '../support/service-process.js';
import { addition, basketOf, checkOut, replacement, someBasket, someItem } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';

jest.setTimeout(180_000);

describe('The metrics', () => {
  let storage: Storage;
  let service: ServiceProcess;
  beforeAll(async () => {
    storage = await createStorage();
    service = await ServiceProcess.start(storage.env);
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
  });

  /** What the counters have gained by the work. */
  async function gained(work: () => Promise<unknown>) {
    const before = await Metrics.scrape(service.metricsUrl);
    await work();
    const after = await Metrics.scrape(service.metricsUrl);
    return (name: string, labels?: Readonly<Record<string, string>>) =>
      (after.value(name, labels) ?? Number.NaN) - (before.value(name, labels) ?? 0);
  }

  it('are those that docs/operations.md explains', async () => {
    await sell(service, 'EUR');
    refusal(await service.api.get(someBasket()), 'basket-not-found');
    const { names } = await Metrics.scrape(service.metricsUrl);
    const explained = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `(\w+)(\{[\w,]+\})?` +\|/gm)];
    expect(explained.map(([, name]) => name).sort()).toEqual(names);
  });

  it('count each request by operation and outcome, and refusals by their code', async () => {
    const metrics = await gained(async () => {
      const path = someBasket();
      await service.api.post(`${path}/items`, addition());
      for (let n = 0; n < 3; n++) await service.api.get(path);
      refusal(await service.api.get(someBasket()), 'basket-not-found');
      refusal(await service.api.put(path, replacement(), { 'if-match': '"99"' }), 'version-mismatch');
      await fetch(`${service.url}/nowhere`);
      await fetch(`${service.url}/%zz`);
    });
    const total = (operation: string, outcome: string) => metrics('basket_operations_total', { operation, outcome });
    expect(total('addItem', 'ok')).toBe(1);
    expect(total('getBasket', 'ok')).toBe(3);
    expect(total('getBasket', 'refused')).toBe(1);
    expect(total('putBasket', 'refused')).toBe(1);
    expect(total('none', 'refused')).toBe(2);
    expect(total('mergeBaskets', 'failed')).toBe(0);
    const errors = (operation: string, code: string) => metrics('basket_errors_total', { operation, code });
    expect(errors('getBasket', 'basket-not-found')).toBe(1);
    expect(errors('putBasket', 'version-mismatch')).toBe(1);
    expect(errors('none', 'route-not-found')).toBe(1);
    expect(metrics('basket_operation_duration_seconds_count', { operation: 'getBasket' })).toBe(4);
    expect(metrics('basket_operation_duration_seconds_bucket', { operation: 'getBasket', le: '+Inf' })).toBe(4);
    expect(metrics('basket_events_total', { type: 'BasketItemAdded' })).toBe(1);
  });

  it('have as many series as the code has names, whatever callers send', async () => {
    const canary = `canary${randomUUID().slice(0, 8)}`;
    const roam = async (times: number) => {
      for (let n = 0; n < times; n++) {
        const user = `${canary}-${randomUUID()}`;
        await service.api.put(basketOf(user), replacement([someItem({ productName: canary })], codeOf(n)));
        await checkOut(service.url, basketOf(user));
        await fetch(`${service.url}${basketOf(user)}?version=${n + 1}`);
        await fetch(`${service.url}/${canary}/${n}?${canary}=${n}`, { method: 'PATCH', headers: { [canary]: canary } });
        await fetch(`${service.url}/baskets/${user}`, { headers: { 'x-request-id': canary } });
      }
    };
    await roam(10);
    const before = await Metrics.scrape(service.metricsUrl);
    await roam(50);
    const after = await Metrics.scrape(service.metricsUrl);
    expect([...after.series.keys()].sort()).toEqual([...before.series.keys()].sort());
    expect(after.text).not.toContain(canary);
    // The control: they were counted, all the same.
    const gain = (name: string, labels: Readonly<Record<string, string>>) =>
      (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);
    expect(gain('basket_checked_out_total', { currency: 'other' })).toBe(50);
    expect(gain('basket_operations_total', { operation: 'none', outcome: 'refused' })).toBe(50);
  });

  it('tell what was checked out, by currency', async () => {
    const metrics = await gained(async () => {
      await sell(service, 'EUR');
      await sell(service, 'EUR');
      await sell(service, 'JPY');
    });
    expect(metrics('basket_checked_out_value_total', { currency: 'EUR' })).toBe(5000);
    expect(metrics('basket_checked_out_total', { currency: 'EUR' })).toBe(2);
    expect(metrics('basket_checked_out_value_total', { currency: 'JPY' })).toBe(2500);
  });

  it('are on a port of their own, which the API is not', async () => {
    const { origin } = new URL(service.metricsUrl);
    expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
    expect((await fetch(`${origin}/health/live`)).status).toBe(404);
    expect((await fetch(service.metricsUrl, { method: 'POST' })).status).toBe(404);
  });

  it('say that a process is not ready while it drains, and hold up no end by a connection that is kept', async () => {
    await using storage = await createStorage();
    await using service = await ServiceProcess.start({ ...storage.env, SHUTDOWN_DRAIN_MS: '2000' });
    expect((await Metrics.scrape(service.metricsUrl)).value('basket_ready')).toBe(1);
    service.kill('SIGTERM');
    await eventually(async () => (await Metrics.scrape(service.metricsUrl)).value('basket_ready') === 0);
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  it('keep a service from starting whose port for them is taken', async () => {
    await using storage = await createStorage();
    await using other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const { code, errors } = await runToEnd({ ...storage.env, METRICS_PORT: port });
    expect(code).toBe(1);
    expect(errors).toMatch(/in use/);
    expect(errors).toContain(port);
  });
});

describeWith(['postgres', 'redis'], 'The metrics of the cache', () => {
  it('tell hits from misses and from what Redis did not do', async () => {
    await using redis = await RedisServer.start();
    await using storage = await createStorage();
    await using service = await ServiceProcess.start({ ...storage.env, REDIS_URL: redis.url });
    const path = someBasket();
    await service.api.put(path, replacement([someItem()]));
    for (let n = 0; n < 5; n++) await service.api.get(path);
    const metrics = await Metrics.scrape(service.metricsUrl);
    expect(metrics.value('basket_cache_misses_total')).toBeGreaterThanOrEqual(1);
    expect(metrics.value('basket_cache_hits_total')).toBeGreaterThanOrEqual(3);
    expect(metrics.value('basket_cache_errors_total')).toBe(0);
    await redis.kill();
    for (let n = 0; n < 5; n++) await service.api.get(path);
    const later = await Metrics.scrape(service.metricsUrl);
    expect(later.value('basket_cache_errors_total')).toBeGreaterThanOrEqual(1);
    expect(later.value('basket_cache_hits_total')).toBe(metrics.value('basket_cache_hits_total'));
  });
});

describeWith(['postgres'], 'The metrics of several processes', () => {
  it('tell that they got in the way of each other, and how often each decided again', async () => {
    await using storage = await createStorage();
    await using one = await ServiceProcess.start(storage.env);
    await using other = await ServiceProcess.start(storage.env);
    const path = someBasket();
    const figures = async () => {
      const all = [await Metrics.scrape(one.metricsUrl), await Metrics.scrape(other.metricsUrl)];
      return (name: string) => all.reduce((total, metrics) => total + (metrics.value(name) ?? 0), 0);
    };
    const sum = await eventually(async () => {
      const writes = Array.from({ length: 60 }, (_, n) => (n % 2 ? one : other).api.post(`${path}/items`, addition()));
      for (const { status } of await Promise.all(writes)) expect(status).toBe(201);
      const found = await figures();
      return found('basket_version_conflicts_total') > 0 && found;
    });
    expect(sum('basket_retries_total')).toBeGreaterThan(0);
  });

  it('tell how far the outbox lags while the bus is away', async () => {
    await using storage = await createStorage();
    const away = `nats://127.0.0.1:${await freePort()}`;
    await using service = await ServiceProcess.start({ ...storage.env, NATS_URL: away });
    expect((await Metrics.scrape(service.metricsUrl)).value('basket_outbox_lag_events')).toBe(0);
    await service.api.post(`${someBasket()}/items`, addition());
    const behind = await Metrics.scrape(service.metricsUrl);
    expect(behind.value('basket_outbox_lag_events')).toBe(2);
    await eventually(async () => {
      const seconds = (await Metrics.scrape(service.metricsUrl)).value('basket_outbox_lag_seconds');
      return (seconds ?? 0) >= 1;
    });
  });
});

/** Of a basket with two pieces at 12.50. */
async function sell(service: ServiceProcess, currency: string): Promise<void> {
  const path = someBasket();
  await service.api.put(path, replacement([someItem()], currency));
  await checkOut(service.url, path);
}

/** A code of three letters that is no currency. */
const codeOf = (n: number): string => `Q${'XYZ'.charAt(n % 3)}${String.fromCharCode(65 + (n % 26))}`;
