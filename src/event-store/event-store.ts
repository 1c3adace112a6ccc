import type { Database, Statement } from '../database/database.js';
import { SerializationError } from '../database/database.js';

export interface NewEvent {
  readonly eventId: string;
  readonly version: number;
  readonly type: string;
  readonly data: unknown;
  /** ISO 8601. */
  readonly occurredAt: string;
}

export interface StoredEvent extends NewEvent {
  readonly basketId: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Writes the projection row of a stream if, and only if, the stream is at the expected version, and returns a row
 * only then. Its parameters come first; `$1` is the stream.
 */
export interface GuardedProjection {
  readonly statement: Statement;
  readonly values: readonly unknown[];
}

export interface Append {
  readonly stream: string;
  readonly basketId: string;
  /** One or more, with the versions that follow the expected one. */
  readonly events: readonly NewEvent[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly projection: GuardedProjection;
}

interface EventRecord {
  event_id: string;
  version: number;
  basket_id: string;
  event_type: string;
  event_data: unknown;
  metadata: Readonly<Record<string, unknown>>;
  occurred_at: Date;
}

const READ: Statement = {
  name: 'read-events',
  text: `SELECT event_id, version, basket_id, event_type, event_data, metadata, occurred_at
         FROM domain_events WHERE user_name = $1 AND version > $2 ORDER BY version LIMIT $3`,
};

/** Append-only streams of events. What an event means is for others to know. */
export class EventStore {
  private readonly appends = new Map<string, Statement>();

  constructor(private readonly database: Database) {}

  /**
   * Appends events and writes the projection in one statement, so in one round trip and one transaction.
   *
   * @returns false when the stream is not at the version that the projection's guard expects; nothing is written then
   * @throws DatabaseUnavailableError when it is not known whether the events were written
   */
  async append({ stream, basketId, events, metadata, projection }: Append, deadline: number): Promise<boolean> {
    const values = [
      ...projection.values,
      stream,
      basketId,
      JSON.stringify(metadata),
      events.map((event) => event.version),
      events.map((event) => event.eventId),
      events.map((event) => event.type),
      events.map((event) => JSON.stringify(event.data)),
      events.map((event) => event.occurredAt),
    ];
    try {
      const result = await this.database.query(this.appendStatement(projection), values, deadline);
      return result.rowCount === events.length;
    } catch (error) {
      if (error instanceof SerializationError) return false;
      throw error;
    }
  }

  /** At most `limit` events of a stream behind a version, oldest first. */
  async read(stream: string, after: number, limit: number, deadline: number): Promise<StoredEvent[]> {
    const { rows } = await this.database.query<EventRecord>(READ, [stream, after, limit], deadline);
    return rows.map((row) => ({
      eventId: row.event_id,
      version: row.version,
      basketId: row.basket_id,
      type: row.event_type,
      data: row.event_data,
      metadata: row.metadata,
      occurredAt: row.occurred_at.toISOString(),
    }));
  }

  private appendStatement({ statement, values }: GuardedProjection): Statement {
    const known = this.appends.get(statement.name);
    if (known) return known;
    const $ = (n: number) => `$${values.length + n}`;
    const append = {
      name: `append-${statement.name}`,
      text: `WITH projected AS (${statement.text})
             INSERT INTO domain_events
               (user_name, basket_id, metadata, version, event_id, event_type, event_data, occurred_at)
             SELECT ${$(1)}::text, ${$(2)}::uuid, ${$(3)}::jsonb, event.*
             FROM projected, unnest(${$(4)}::integer[], ${$(5)}::uuid[], ${$(6)}::text[], ${$(7)}::jsonb[],
                                    ${$(8)}::timestamptz[]) AS event`,
    };
    this.appends.set(statement.name, append);
    return append;
  }
}
