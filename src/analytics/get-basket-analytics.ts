import { Query, QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { Inject } from '@nestjs/common';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../database/database.js';
import type { Statement } from '../database/database.js';
import { lastRunOf } from '../jobs/job-lease.js';
import type { Period } from './period.js';
import { REFRESH_JOB } from './refresh-analytics.js';

/** What became of the baskets that were opened on a day in a currency; `docs/analytics.md` defines each figure. */
export interface DayOfBaskets {
  readonly day: string;
  readonly currency: string;
  readonly uniqueUsers: number;
  readonly baskets: number;
  readonly averageItems: number;
  readonly averageValue: number;
  readonly checkedOut: number;
  readonly abandoned: number;
  readonly abandonmentRate: number;
  readonly conversionRate: number;
}

export interface BasketAnalytics extends Pick<Period, 'from' | 'to'> {
  readonly refreshedAt: string | null;
  readonly days: readonly DayOfBaskets[];
}

/** The driver gives bigint and numeric as text, so as to lose nothing; none of these comes near to 2^53. */
const DAYS: Statement = {
  name: 'analytics-days',
  text: `SELECT day::text, currency, unique_users AS "uniqueUsers", baskets, average_items AS "averageItems",
                average_value AS "averageValue", checked_out AS "checkedOut", abandoned,
                abandonment_rate AS "abandonmentRate", conversion_rate AS "conversionRate"
         FROM basket_analytics
         WHERE day BETWEEN $1 AND $2 AND ($3::text IS NULL OR currency = $3)
         ORDER BY day, currency`,
};

type DayRecord = { readonly [Name in keyof DayOfBaskets]: string };

export class GetBasketAnalytics extends Query<BasketAnalytics> {
  constructor(readonly period: Period) {
    super();
  }
}

@QueryHandler(GetBasketAnalytics)
export class GetBasketAnalyticsHandler implements IQueryHandler<GetBasketAnalytics> {
  constructor(
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async execute({ period: { from, to, currency } }: GetBasketAnalytics): Promise<BasketAnalytics> {
    const deadline = performance.now() + this.config.REQUEST_DEADLINE_MS;
    // Before the figures: they may be newer than it says, never older.
    const refreshedAt = await lastRunOf(this.database, REFRESH_JOB, deadline);
    const { rows } = await this.database.query<DayRecord>(DAYS, [from, to, currency ?? null], deadline);
    return { from, to, refreshedAt: refreshedAt?.toISOString() ?? null, days: rows.map(toDay) };
  }
}

const toDay = ({ day, currency, ...figures }: DayRecord) =>
  ({
    day,
    currency,
    ...Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, Number(figure)])),
  }) as unknown as DayOfBaskets;
