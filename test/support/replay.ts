import type { DataSource } from 'typeorm';
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

export interface Stream {
  readonly userName: string;
  readonly events: readonly EventRow[];
  readonly basket: Basket;
}

/** Every stream of the database, with what folding it gives. */
export async function readStreams(source: DataSource): Promise<Stream[]> {
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
 * @returns how many users there are
 */
export async function expectReplayEqualsProjection(source: DataSource): Promise<number> {
  const streams = await readStreams(source);
  const projected = await source.query<Record<string, unknown>[]>(
    `SELECT user_name, basket_id, status, version, basket::text AS json, last_event_id, updated_at
     FROM basket_projections ORDER BY user_name`,
  );
  const folded = streams.map(({ userName, events, basket }) => {
    expect(events.map(({ version }) => version)).toEqual(events.map((_, at) => at + 1));
    const last = events.at(-1);
    return {
      user_name: userName,
      basket_id: last?.basket_id,
      status: basket.status,
      version: basket.version,
      json: toDocument(basket).json ?? null,
      last_event_id: last?.event_id,
      updated_at: last?.occurred_at,
    };
  });
  const byName = new Map(projected.map((row) => [row.user_name, row]));
  expect(new Map(folded.map((row) => [row.user_name, row]))).toEqual(byName);
  return folded.length;
}

const recorded = ({ event_type, event_data, version, occurred_at }: EventRow) =>
  ({ type: event_type, data: event_data, version, occurredAt: occurred_at.toISOString() }) as RecordedEvent;
