import type { Database, Statement } from '../database/database.js';
import { EVENT_COLUMNS } from '../event-store/statements.js';
import { toStoredEvent } from '../event-store/stored-event.js';
import type { EventRecord, StoredEvent } from '../event-store/stored-event.js';

/** A basket with a parked event waits as a whole: what comes behind would be out of order. */
const NEXT: Statement = {
  name: 'outbox-next',
  text: `SELECT ${EVENT_COLUMNS.split(', ')
    .map((column) => `event.${column}`)
    .join(', ')}
         FROM outbox JOIN domain_events AS event USING (user_name, version)
         WHERE outbox.bucket = ANY($1) AND outbox.parked_at IS NULL AND user_name > $2
           AND NOT EXISTS (
             SELECT FROM outbox AS parked WHERE parked.user_name = outbox.user_name AND parked.parked_at IS NOT NULL)
         ORDER BY user_name, version LIMIT $3`,
};

const REMOVE: Statement = {
  name: 'outbox-remove',
  text: `DELETE FROM outbox USING unnest($1::text[], $2::integer[]) AS done (user_name, version)
         WHERE outbox.user_name = done.user_name AND outbox.version = done.version`,
};

const PARK: Statement = {
  name: 'outbox-park',
  text: `UPDATE outbox SET parked_at = $3, error = $4 WHERE user_name = $1 AND version = $2`,
};

const LAG: Statement = {
  name: 'outbox-lag',
  text: `SELECT count(*)::integer AS events, min(created_at) AS oldest, count(parked_at)::integer AS parked FROM outbox`,
};

export interface Lag {
  /** Events that are still to be published, parked ones included. */
  readonly events: number;
  /** Seconds since the oldest of them happened. */
  readonly seconds: number;
  readonly parked: number;
}

/** The pointers to events that are still to be published. */
export class Outbox {
  /** Where the next batch starts, so that busy users at the front of the alphabet do not hold up the others. */
  private cursor = '';

  constructor(private readonly database: Database) {}

  /** The next events of these buckets, in version order by user. */
  async next(buckets: readonly number[], limit: number, deadline: number) {
    const { rows } = await this.database.query<EventRecord>(NEXT, [buckets, this.cursor, limit], deadline);
    const wrapped = this.cursor !== '' && rows.length < limit;
    this.cursor = rows.length === limit ? (rows.at(-1)?.user_name ?? '') : '';
    return { events: rows.map(toStoredEvent), more: rows.length === limit || wrapped };
  }

  async remove(events: readonly StoredEvent[], deadline: number): Promise<void> {
    const values = [events.map(({ stream }) => stream), events.map(({ version }) => version)];
    await this.database.query(REMOVE, values, deadline);
  }

  async park({ stream, version }: StoredEvent, error: string, deadline: number): Promise<void> {
    await this.database.query(PARK, [stream, version, new Date().toISOString(), error], deadline);
  }

  async lag(deadline: number): Promise<Lag> {
    const { rows } = await this.database.query<{ events: number; oldest: Date | null; parked: number }>(
      LAG,
      [],
      deadline,
    );
    const { events = 0, oldest = null, parked = 0 } = rows[0] ?? {};
    return { events, parked, seconds: oldest ? Math.max(0, Date.now() - oldest.getTime()) / 1000 : 0 };
  }
}
