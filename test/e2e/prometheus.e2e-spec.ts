import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { dashboardQueries, readRules, sidesOf } from '../support/deploy.js';
import { eventually } from '../support/eventually.js';
import { Metrics } from '../support/metrics.js';
import { PrometheusServer, checkMetrics, copyOfRules, promtool } from '../support/prometheus.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import { addition, checkOut, replacement, someBasket, someItem } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';

jest.setTimeout(240_000);

/** Shoppers of all kinds, one after the other, until they are told to stop. */
async function shop(url: string, stop: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const send = (method: string, path: string, body?: object) =>
    fetch(url + path, { method, headers, body: body ? JSON.stringify(body) : null });
  while (!stop.aborted) {
    const path = someBasket();
    const item = someItem();
    await send('PUT', path, replacement([item]));
    await checkOut(url, path);
    await Promise.all([send('POST', `${path}/items`, addition()), send('POST', `${path}/items`, addition())]);
    await send('PATCH', `${path}/items/${item.productId}`, { quantity: 0 });
    await send('GET', path);
    await send('GET', path);
    await send('GET', someBasket());
    await send('DELETE', path);
    await setTimeout(100);
  }
}

describeWith(['prometheus'], 'A real Prometheus that scrapes the service under load', () => {
  it('has data for every expression of every panel and rule', async () => {
    await using storage = await createStorage();
    await using service = await ServiceProcess.start(storage.env);
    await using prometheus = await PrometheusServer.scraping([new URL(service.metricsUrl).host]);
    const stop = new AbortController();
    const shoppers = shop(service.url, stop.signal);
    try {
      const recorded = readRules('recording.yml').map(({ record = '' }): [string, string] => [record, record]);
      const alerts = readRules('alerts.yml').map(({ alert = '', expr }): [string, string] => [
        alert,
        sidesOf(expr).figure,
      ]);
      const queries = [...dashboardQueries('10s', '1m'), ...recorded, ...alerts];
      expect(queries.length).toBeGreaterThan(50);
      const missing = async () => {
        const answers = await Promise.all(queries.map(async ([, expr]) => await prometheus.query(expr)));
        return queries.filter((_, at) => answers[at]?.length === 0).map(([name]) => name);
      };
      let without: string[] = [];
      await eventually(async () => {
        await setTimeout(1000);
        return (without = await missing()).length === 0;
      }, 60_000).catch(() => undefined);
      expect(without).toEqual([]);

      const health = await prometheus.ruleHealth();
      expect(new Set(Object.values(health))).toEqual(new Set(['ok']));
      expect(Object.keys(health)).toHaveLength(recorded.length + alerts.length);
      // The controls: what is not there has no data, and what is no expression is refused.
      expect(await prometheus.query('sum(rate(basket_operation_total[10s]))')).toEqual([]);
      await expect(prometheus.query('sum(rate(basket_operations_total))')).rejects.toThrow('400');
      // What it has is what the service counted.
      const [ok = 0] = await prometheus.query('basket_operations_total{operation="getBasket",outcome="ok"}');
      const { value } = await Metrics.scrape(service.metricsUrl).then((metrics) => ({
        value: metrics.value('basket_operations_total', { operation: 'getBasket', outcome: 'ok' }) ?? 0,
      }));
      expect(ok).toBeGreaterThan(0);
      expect(ok).toBeLessThanOrEqual(value);
    } finally {
      stop.abort();
      await shoppers;
    }
  });
});

describeWith(['promtool'], 'The rules of Prometheus', () => {
  it('are in order', async () => {
    expect(await promtool('check', 'config', 'deploy/prometheus/prometheus.yml')).toMatchObject({ ok: true });
    const files = ['recording.yml', 'alerts.yml'].map((file) => `deploy/prometheus/${file}`);
    expect(await promtool('check', 'rules', ...files)).toMatchObject({ ok: true });
  });

  it('pass their tests', async () => {
    const { ok, output } = await promtool('test', 'rules', 'deploy/prometheus/alerts.test.yml');
    expect(output).toContain('SUCCESS');
    expect(ok).toBe(true);
  });

  it.each([
    ['fails when it never fires', (figure: string) => `${figure} > 1e9`],
    ['fails when it always does', (figure: string) => `${figure} > -1`],
  ])('have for each alert a test that %s', async (_, broken) => {
    const rules = readRules('alerts.yml');
    const folder = copyOfRules((alerts) =>
      rules.reduce(
        (all, { expr }) => all.replace(`expr: ${expr}\n`, `expr: ${broken(sidesOf(expr).figure)}\n`),
        alerts,
      ),
    );
    try {
      const { output } = await promtool('test', 'rules', join(folder, 'alerts.test.yml'));
      const failed = [...output.matchAll(/^ +alertname: (\w+), time: /gm)].map(([, alert]) => alert);
      expect(new Set(failed)).toEqual(new Set(rules.map(({ alert }) => alert)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('read metrics in a text format that is in order', async () => {
    await using storage = await createStorage();
    await using service = await ServiceProcess.start(storage.env);
    const { text } = await Metrics.scrape(service.metricsUrl);
    expect(checkMetrics(text)).toBe('');
    // The control.
    expect(checkMetrics('# TYPE basket_things counter\nbasket_things 1\n')).toContain('_total');
  });
});
