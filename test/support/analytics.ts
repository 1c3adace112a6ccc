import type { BasketAnalytics } from '../../src/analytics/get-basket-analytics.js';
import { serveJobsOnDemand } from './jobs-on-demand.js';
import type { Service } from './jobs-on-demand.js';
import { recount } from './recount.js';
import { shoppersOfYear, storeShoppers } from './year-of-baskets.js';

export async function readAnalytics({ api }: Service, query = ''): Promise<BasketAnalytics> {
  const { status, text } = await api.get(`/analytics/baskets${query}`);
  if (status !== 200) throw new Error(text);
  return JSON.parse(text) as BasketAnalytics;
}

/** A generated year of that many baskets: what the API answers of it, what a recount of its events gives, and how long each took. */
export async function compareYear(baskets: number) {
  await using service = await serveJobsOnDemand();
  const events = await storeShoppers(service.query, shoppersOfYear(baskets));
  await service.query('ANALYZE');
  const start = performance.now();
  await service.refresh();
  const refreshMs = Math.round(performance.now() - start);
  const { days } = await readAnalytics(service, '?from=2025-01-01&to=2025-12-31');
  const recountStart = performance.now();
  const recounted = await recount(service.query);
  const recountMs = Math.round(performance.now() - recountStart);
  return { events, refreshMs, recountMs, days, recounted };
}

/** What there has to be in a year for the comparison to say something. */
export function kindsIn(days: BasketAnalytics['days']) {
  const sum = (figure: 'baskets' | 'uniqueUsers' | 'checkedOut' | 'abandoned') =>
    days.reduce((total, day) => total + day[figure], 0);
  return {
    baskets: sum('baskets'),
    checkedOut: sum('checkedOut'),
    abandoned: sum('abandoned'),
    currencies: new Set(days.map(({ currency }) => currency)).size,
    days: new Set(days.map(({ day }) => day)).size,
  };
}
