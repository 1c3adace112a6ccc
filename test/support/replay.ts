import type { RecordedEvent } from '../../src/basket/domain/basket.events.js';
import { evolve, noBasket } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import { toDocument } from '../../src/basket/basket-document.js';

interface EventRow {
  user_name: string;
  version: number;
  event_id: string;
  basket_id: string;
  event_type: string;
  event_data: unknown;
  occurred_at: Date;
}

/** What a DataSource can, and a plain client, too. */
interface Source {
  query<T>(sql: string): Promise<T>;
}

export interface Stream {
  readonly userName: string;
  readonly events: readonly EventRow[];
  readonly basket: Basket;
}

/** Every stream of the database, with what folding it gives. */
export async function readStreams(source: Source): Promise<Stream[]> {
  const rows = await source.query<EventRow[]>('SELECT * FROM domain_events ORDER BY user_name, version');
  return [...Map.groupBy(rows, (row) => row.user_name)].map(([userName, events]) => ({
    userName,
    events,
    basket: events.map(recorded).reduce<Basket>(evolve, noBasket(userName)),
  }));
}

/**
 * Versions are 1, 2, 3, … and the fold of each user's events is the projection row, byte for byte; no row is without
 * events.
 *
 * @param erased by user, the version of an erasure, behind which the versions begin
 * @returns how many users there are
 */
export async function expectReplayEqualsProjection(
  source: Source,
  erased: ReadonlyMap<string, number> = new Map(),
): Promise<number> {
  const streams = await readStreams(source);
  const projected = await source.query<Record<string, unknown>[]>(
    `SELECT user_name, basket_id, status, version, basket::text AS json, last_event_id, updated_at, active_hour,
            total_items, total_price
     FROM basket_projections ORDER BY user_name`,
  );
  const folded = streams.map(({ userName, events, basket }) => {
    const before = erased.get(userName) ?? 0;
    expect(events.map(({ version }) => version)).toEqual(events.map((_, at) => before + at + 1));
    const last = events.at(-1);
    return {
      user_name: userName,
      basket_id: last?.basket_id,
      status: basket.status,
      version: basket.version,
      json: toDocument(basket).json ?? null,
      last_event_id: last?.event_id,
      updated_at: last?.occurred_at,
      active_hour: activeHourIn(basket),
      ...totalsIn(basket),
    };
  });
  const byName = new Map(projected.map((row) => [row.user_name, row]));
  expect(new Map(folded.map((row) => [row.user_name, row]))).toEqual(byName);
  return folded.length;
}

const recorded = ({ event_type, event_data, version, occurred_at }: EventRow) =>
  ({ type: event_type, data: event_data, version, occurredAt: occurred_at.toISOString() }) as RecordedEvent;

/** The start of the hour of its last change, when there is something in a basket that is active. */
function activeHourIn(basket: Basket): Date | null {
  if (basket.status !== 'active' || basket.lines.length === 0) return null;
  const changed = Date.parse(basket.updatedAt);
  return new Date(changed - (changed % 3_600_000));
}

/** What the answer to GET tells of them; bigint comes as text. */
function totalsIn(basket: Basket) {
  const { json } = toDocument(basket);
  if (json === undefined) return { total_items: null, total_price: null };
  const { totalItems, totalPrice } = JSON.parse(json.toString()) as Record<string, number>;
  return { total_items: totalItems, total_price: String(totalPrice) };
}
