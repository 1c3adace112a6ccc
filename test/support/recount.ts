import type { DayOfBaskets } from '../../src/analytics/get-basket-analytics.js';
import { evolve, isOpen, noBasket, totals } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import type { RecordedEvent } from '../../src/basket/domain/basket.events.js';

interface EventRow {
  readonly user_name: string;
  readonly version: number;
  readonly basket_id: string;
  readonly event_type: string;
  readonly event_data: unknown;
  readonly occurred_at: Date;
}

interface Opened {
  readonly day: string;
  readonly currency: string;
  readonly userName: string;
  status: 'open' | 'abandoned' | 'checked-out' | 'deleted';
  items: number;
  value: number;
}

const PAGE = 20_000;

type Query = (sql: string, values: unknown[]) => Promise<EventRow[]>;

/**
 * The figures of analytics as `docs/analytics.md` defines them, counted from nothing but the events: each is folded, and
 * each basket is looked at by itself.
 */
export async function recount(query: Query): Promise<DayOfBaskets[]> {
  const baskets = new Map<string, Opened>();
  let state: Basket = noBasket('');
  let page: EventRow[] = [];
  do {
    const last = page.at(-1);
    page = await query(
      `SELECT user_name, version, basket_id, event_type, event_data, occurred_at FROM domain_events
       WHERE (user_name, version) > ($1, $2) ORDER BY user_name, version LIMIT ${PAGE}`,
      [last?.user_name ?? '', last?.version ?? 0],
    );
    for (const row of page) {
      if (row.user_name !== state.userName) state = noBasket(row.user_name);
      state = follow(baskets, state, row);
    }
  } while (page.length === PAGE);
  const groups = Map.groupBy(baskets.values(), ({ day, currency }) => `${day} ${currency}`);
  return [...groups].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, group]) => figures(group));
}

function follow(baskets: Map<string, Opened>, before: Basket, row: EventRow): Basket {
  const { event_type: type, event_data: data, version, occurred_at } = row;
  const event = { type, data, version, occurredAt: occurred_at.toISOString() } as RecordedEvent;
  const after = evolve(before, event);
  const day = event.occurredAt.slice(0, 10);
  if (event.type === 'BasketCreated')
    baskets.set(row.basket_id, {
      ...{ day, currency: event.data.currency, userName: row.user_name },
      ...{ status: 'open', items: 0, value: 0 },
    });
  const basket = baskets.get(row.basket_id);
  if (!basket) throw new Error(`Basket ${row.basket_id} was never opened.`);
  if (isOpen(after)) {
    const { totalItems, totalPrice } = totals(after.lines);
    Object.assign(basket, { items: totalItems, value: totalPrice });
    basket.status = after.status === 'abandoned' ? 'abandoned' : 'open';
  } else if (event.type === 'BasketDeleted') Object.assign(basket, { status: 'deleted', items: 0, value: 0 });
  else basket.status = 'checked-out';
  return after;
}

function figures(group: readonly Opened[]): DayOfBaskets {
  const [{ day, currency } = { day: '', currency: '' }] = group;
  const filled = group.filter(({ items }) => items > 0);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + BigInt(number), 0n);
  const abandoned = group.filter(({ status }) => status === 'abandoned').length;
  const checkedOut = group.filter(({ status }) => status === 'checked-out').length;
  return {
    day,
    currency,
    uniqueUsers: new Set(group.map(({ userName }) => userName)).size,
    baskets: group.length,
    averageItems: rounded(sum(filled.map(({ items }) => items)), filled.length, 2),
    averageValue: rounded(sum(filled.map(({ value }) => value)), filled.length, 0),
    checkedOut,
    abandoned,
    abandonmentRate: rounded(BigInt(abandoned), group.length, 4),
    conversionRate: rounded(BigInt(checkedOut), group.length, 4),
  };
}

/** A quotient, halves up, without a fraction on the way; 0 when there is nothing to divide by. */
function rounded(dividend: bigint, divisor: number, decimals: number): number {
  if (divisor === 0) return 0;
  const by = BigInt(divisor);
  const units = (2n * dividend * 10n ** BigInt(decimals) + by) / (2n * by);
  return Number(units) / 10 ** decimals;
}
