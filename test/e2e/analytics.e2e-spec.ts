import { jest } from '@jest/globals';
import { compareYear, kindsIn, readAnalytics } from '../support/analytics.js';
import { refusal } from '../support/api.js';
import { at } from '../support/at.js';
import { eventually } from '../support/eventually.js';
import { serveJobsOnDemand } from '../support/jobs-on-demand.js';
import type { Service } from '../support/jobs-on-demand.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { addition, basketOf, replacement, someItem } from '../support/shopping.js';
import { count, figure, sized } from '../support/sizes.js';
import { shoppersOfYear, storeShoppers } from '../support/year-of-baskets.js';

jest.setTimeout(sized(120_000, 1_800_000));

const BASKETS = sized(1000, 100_000);

describe('getBasketAnalytics', () => {
  let service: Service;

  beforeAll(async () => {
    service = await serveJobsOnDemand();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  it('answers the default period without figures while there are none', async () => {
    const today = new Date().toISOString().slice(0, 10);
    const { from, to, days, refreshedAt } = await readAnalytics(service);
    expect([today, new Date().toISOString().slice(0, 10)]).toContain(to);
    expect(Date.parse(to) - Date.parse(from)).toBe(29 * 86_400_000);
    expect({ days, refreshedAt }).toEqual({ days: [], refreshedAt: null });
  });

  it.each([
    ['from', 'from=yesterday'],
    ['to', 'to=2026-02-30'],
    ['currency', 'currency=euro'],
    ['from', 'from=2025-01-02&to=2025-01-01'],
    ['from', 'from=2024-01-01&to=2025-01-01'],
    ['to', 'to=2025-01-01&to=2025-01-02'],
  ])('refuses a wrong %s: %s', async (name, query) => {
    const { errors } = refusal(await service.api.get(`/analytics/baskets?${query}`), 'validation-failed');
    expect(errors?.map(({ pointer }) => pointer)).toEqual([`#/query/${name}`]);
  });

  it('counts each basket on the day on which it was opened, by what has become of it', async () => {
    const { write } = service;
    const item = (unitPrice: number, quantity: number) => someItem({ unitPrice, quantity });
    const post = (user: string, unitPrice: number, quantity: number, currency = 'EUR') =>
      write('POST', `${basketOf(user)}/items`, addition({ unitPrice, quantity, currency }));
    const checkOut = (user: string, version: number) => write('POST', `${basketOf(user)}/checkout`, { version });

    await at('2026-03-01T23:59:59.999Z', async () => {
      await post('alice', 1000, 2); // checked out a day later: 2 pieces, 20.00
      await post('bob', 500, 1); // replaced: 3 pieces, 9.03
      await write('PUT', basketOf('bob'), replacement([item(301, 3)]));
      await post('carol', 700, 7); // deleted, and then another one
      await write('DELETE', basketOf('carol'));
      await post('carol', 400, 1); // left: 1 piece, 4.00
      await write('PUT', basketOf('dave'), replacement([])); // nothing in it
      await post('erin', 1200, 5, 'JPY');
      await write('DELETE', `${basketOf('erin')}/items`); // emptied
    });
    await at('2026-03-02T00:00:00.000Z', async () => {
      await checkOut('alice', 2);
      await post('alice', 2500, 1); // the next one, which she leaves and takes up again
    });
    await at('2026-03-05T00:00:00.000Z', async () => {
      await service.abandonIdle('2026-03-05T00:00:00.000Z');
      await post('alice', 2500, 1);
      await write('DELETE', basketOf('bob')); // after he had left it
    });

    await service.refresh();
    const march = '?from=2026-03-01&to=2026-03-31';
    expect((await readAnalytics(service, march)).days).toEqual([
      {
        day: '2026-03-01',
        currency: 'EUR',
        uniqueUsers: 4,
        baskets: 5,
        averageItems: 1.5, // (2 + 1) / 2
        averageValue: 1200, // (2000 + 400) / 2
        checkedOut: 1,
        abandoned: 1,
        abandonmentRate: 0.2,
        conversionRate: 0.2,
      },
      {
        ...{ day: '2026-03-01', currency: 'JPY', uniqueUsers: 1, baskets: 1, averageItems: 0, averageValue: 0 },
        ...{ checkedOut: 0, abandoned: 0, abandonmentRate: 0, conversionRate: 0 },
      },
      {
        ...{ day: '2026-03-02', currency: 'EUR', uniqueUsers: 1, baskets: 1, averageItems: 2, averageValue: 5000 },
        ...{ checkedOut: 0, abandoned: 0, abandonmentRate: 0, conversionRate: 0 },
      },
    ]);
    expect((await readAnalytics(service, `${march}&currency=JPY`)).days.map(({ currency }) => currency)).toEqual([
      'JPY',
    ]);
    expect((await readAnalytics(service, '?from=2026-03-02&to=2026-03-02')).days.map(({ day }) => day)).toEqual([
      '2026-03-02',
    ]);
    await expectReplayEqualsProjection(service.source);
  });

  it('rounds halves up, and money exactly', async () => {
    const { write } = service;
    await at('2026-04-01T12:00:00.000Z', async () => {
      for (const [user, unitPrice, quantity] of [
        ['h1', 100_000_000_000, 9999],
        ['h2', 100_000_000_000, 9998],
        ['h3', 1, 1],
        ['h4', 1, 1],
      ] as const)
        await write('POST', `${basketOf(user)}/items`, addition({ unitPrice, quantity, currency: 'XTS' }));
    });
    await service.refresh();
    const [day] = (await readAnalytics(service, '?from=2026-04-01&to=2026-04-01')).days;
    // 1,999,700,000,000,002 / 4 = 499,925,000,000,000.5, and 19,999 / 4 = 4999.75
    expect(day).toMatchObject({ averageValue: 499_925_000_000_001, averageItems: 4999.75 });
  });
});

describe('A generated year of baskets', () => {
  it('has the figures that a plain recount of its events gives', async () => {
    const { days, recounted, events, refreshMs, recountMs } = await compareYear(BASKETS);
    expect(days).toEqual(recounted);
    const { baskets, checkedOut, abandoned, ...rest } = kindsIn(days);
    const wrong = days.filter((day, at) => JSON.stringify(day) !== JSON.stringify(recounted[at]));
    figure(
      'analytics',
      `${days.length} rows of ${count(baskets)} baskets and ${count(events)} events, ${wrong.length} differ from the recount; refreshed in ${refreshMs} ms, recounted in ${recountMs} ms`,
    );
    expect(baskets).toBeGreaterThanOrEqual(BASKETS);
    expect(checkedOut).toBeGreaterThan(100);
    expect(abandoned).toBeGreaterThan(100);
    expect(rest.currencies).toBe(3);
    expect(rest.days).toBeGreaterThan(250);
  });

  it('is what the service would have stored', async () => {
    await using service = await serveJobsOnDemand();
    await storeShoppers(service.query, shoppersOfYear(300));
    await expectReplayEqualsProjection(service.source);
  });

  it('has other figures until they are counted anew', async () => {
    await using service = await serveJobsOnDemand();
    await storeShoppers(service.query, shoppersOfYear(300));
    expect((await readAnalytics(service, '?from=2025-01-01&to=2025-12-31')).days).toEqual([]);
  });
});

describe('The figures', () => {
  it('are counted by a job of the service, which tells when', async () => {
    await using service = await serveJobsOnDemand({ ANALYTICS_REFRESH_SECONDS: '300' });
    const refreshedAt = await eventually(async () => (await readAnalytics(service)).refreshedAt ?? false);
    expect(Math.abs(Date.parse(refreshedAt) - Date.now())).toBeLessThan(60_000);
  });
});
