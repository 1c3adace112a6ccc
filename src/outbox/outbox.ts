import type { Database, Statement } from '../database/database.js';
import { EVENT_COLUMNS } from '../event-store/statements.js';
import { toStoredEvent } from '../event-store/stored-event.js';
import type { EventRecord, StoredEvent } from '../event-store/stored-event.js';
import { BUCKETS } from './buckets.js';

const OF_EVENT = EVENT_COLUMNS.split(', ')
  .slice(2)
  .map((column) => `event.${column}`);

/**
 * A page of pointers in the order of the primary key, with the events of those that are asked for. Every stream comes
 * with the oldest that it has, and a page costs the same however many pointers there are, and whatever the planner
 * believes of a table that is empty now and full the next moment.
 */
const PAGE: Statement = {
  name: 'outbox-page',
  // The best plan for an empty table would be kept for a full one.
  replan: true,
  text: `SELECT pointer.user_name, pointer.version, pointer.bucket, pointer.parked_at, ${OF_EVENT.join(', ')}
         FROM (
           SELECT user_name, version, bucket, parked_at FROM outbox
           WHERE user_name > $2 ORDER BY user_name, version LIMIT $3
         ) AS pointer
         LEFT JOIN domain_events AS event
           ON event.user_name = pointer.user_name AND event.version = pointer.version
             AND pointer.bucket = ANY($1) AND pointer.parked_at IS NULL
         ORDER BY pointer.user_name, pointer.version`,
};

/** The bounds say nothing new; they keep the planner on the primary key. */
const REMOVE: Statement = {
  name: 'outbox-remove',
  text: `DELETE FROM outbox USING unnest($1::text[], $2::integer[]) AS done (user_name, version)
         WHERE outbox.user_name = done.user_name AND outbox.version = done.version
           AND outbox.user_name BETWEEN (SELECT min(first) FROM unnest($1::text[]) AS first)
                                    AND (SELECT max(last) FROM unnest($1::text[]) AS last)`,
};

const PARK: Statement = {
  name: 'outbox-park',
  text: `UPDATE outbox SET parked_at = $3, error = $4 WHERE user_name = $1 AND version = $2`,
};

const LAG: Statement = {
  name: 'outbox-lag',
  text: `SELECT count(*)::integer AS events, count(parked_at)::integer AS parked,
                coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS seconds
         FROM outbox`,
};

export interface Lag {
  /** Events that are still to be published, parked ones included. */
  readonly events: number;
  /** How many of them are parked; their baskets wait. */
  readonly parked: number;
  /** Since the oldest of them happened. */
  readonly seconds: number;
}

export interface PendingEvent extends StoredEvent {
  readonly bucket: number;
}

type PageRecord = EventRecord & { bucket: number; parked_at: Date | null };

/** Of a relay with few buckets most pointers are others'. */
const MOST_PAGES = 8;

/** The pointers to events that are still to be published. */
export class Outbox {
  /** Where the next page starts, so that busy users at the front of the alphabet do not hold up the others. */
  private cursor = '';
  private foundBefore = false;

  constructor(private readonly database: Database) {}

  /**
   * The next events of these buckets, about as many as `limit`, in version order by stream. A basket with a parked
   * event waits as a whole: what comes behind would be out of order.
   *
   * @returns `more` when another call may find others
   */
  async next(buckets: readonly number[], limit: number, deadline: number) {
    const page = Math.ceil(limit * Math.min(MOST_PAGES, BUCKETS / buckets.length));
    const { rows } = await this.database.query<PageRecord>(PAGE, [buckets, this.cursor, page], deadline);
    const parked = new Set<string>();
    const events: PendingEvent[] = [];
    const asked = new Set(buckets);
    for (const row of rows) {
      if (row.parked_at) parked.add(row.user_name);
      if (asked.has(row.bucket) && !parked.has(row.user_name))
        events.push({ ...toStoredEvent(row), bucket: row.bucket });
    }
    const found = this.foundBefore || events.length > 0;
    const isLast = rows.length < page;
    const more = !isLast || (this.cursor !== '' && found);
    this.cursor = isLast ? '' : (rows.at(-1)?.user_name ?? '');
    this.foundBefore = !isLast && found;
    return { events, more };
  }

  async remove(events: readonly StoredEvent[], deadline: number): Promise<void> {
    const values = [events.map(({ stream }) => stream), events.map(({ version }) => version)];
    await this.database.query(REMOVE, values, deadline);
  }

  async park({ stream, version }: StoredEvent, error: string, deadline: number): Promise<void> {
    await this.database.query(PARK, [stream, version, new Date(), error], deadline);
  }

  /** Counts all pointers: for probes and metrics, not for every event. */
  async lag(deadline: number): Promise<Lag> {
    const { rows } = await this.database.query<{ events: number; parked: number; seconds: number }>(LAG, [], deadline);
    const { events = 0, parked = 0, seconds = 0 } = rows[0] ?? {};
    return { events, parked, seconds: Math.max(0, seconds) };
  }
}
