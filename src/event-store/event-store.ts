import type { Database, Statement } from '../database/database.js';
import { SerializationError } from '../database/database.js';
import { bucketOf } from '../outbox/buckets.js';
import { LAST_CAUSED, READ, READ_BACK_TO, SNAPSHOT, VERSION_AT, WITH_ID, appendText } from './statements.js';
import { toStoredEvent } from './stored-event.js';
import type { EventRecord, NewEvent, StoredEvent } from './stored-event.js';

/** A snapshot is taken of every version that is a multiple of this, so that a fold has fewer events than that. */
export const SNAPSHOT_EVERY = 100;

/**
 * Writes the projection row of a stream if, and only if, the stream is at the expected version, and returns a row
 * only then. Its parameters come first; `$1` is the stream.
 */
export interface GuardedProjection {
  readonly statement: Statement;
  readonly values: readonly unknown[];
}

export interface Snapshot {
  readonly version: number;
  /** Null when the stream is closed at that version. */
  readonly json: string | null;
}

/** What an append may be known by: each takes effect once in a stream. */
export interface AppendIdentity {
  /** Given by the caller: the idempotency key. */
  readonly commandId?: string | undefined;
  /** What in another stream brought it about. */
  readonly causationId?: string | undefined;
}

export interface Append extends AppendIdentity {
  readonly stream: string;
  readonly basketId: string;
  /** One or more, with the versions that follow the expected one. */
  readonly events: readonly NewEvent[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly projection: GuardedProjection;
  readonly snapshots: readonly Snapshot[];
}

/** Append-only streams of events. What an event means is for others to know. */
export class EventStore {
  private readonly appends = new Map<string, Statement>();
  private appended = (): void => undefined;

  constructor(private readonly database: Database) {}

  /**
   * Appends events, and with them the projection, the snapshots that are due and the pointers of the outbox, in one
   * statement: one round trip and one transaction.
   *
   * @returns false when the stream is not at the version that the projection's guard expects, or has an append of
   *   this identity already; nothing is written then
   * @throws DatabaseUnavailableError when it is not known whether the events were written
   */
  async append(append: Append, deadline: number): Promise<boolean> {
    const { stream, basketId, events, metadata, projection, snapshots } = append;
    const values = [
      ...projection.values,
      stream,
      basketId,
      JSON.stringify(metadata),
      events.map((event) => event.version),
      events.map((event) => event.eventId),
      events.map((event) => event.type),
      events.map((event) => JSON.stringify(event.data)),
      events[0]?.occurredAt,
      append.commandId ?? null,
      append.causationId ?? null,
      snapshots.map(({ version }) => version),
      snapshots.map(({ json }) => json),
      bucketOf(stream),
    ];
    try {
      const result = await this.database.query(this.statementFor(projection), values, deadline);
      const appended = result.rowCount === events.length;
      if (appended) this.appended();
      return appended;
    } catch (error) {
      if (error instanceof SerializationError) return false;
      throw error;
    }
  }

  /** Calls the listener after each append of this process. */
  onAppend(listener: () => void): void {
    this.appended = listener;
  }

  /** At most `limit` events of a stream behind a version, oldest first. */
  async read(stream: string, after: number, limit: number, deadline: number): Promise<StoredEvent[]> {
    const { rows } = await this.database.query<EventRecord>(READ, [stream, after, limit], deadline);
    return rows.map(toStoredEvent);
  }

  /** The newest snapshot that is not newer than a version, and the events from it up to that version. */
  async readBackTo(stream: string, version: number, deadline: number) {
    const found = await this.database.query<Snapshot>(SNAPSHOT, [stream, version], deadline);
    const snapshot = found.rows[0];
    const values = [stream, snapshot?.version ?? 0, version];
    const { rows } = await this.database.query<EventRecord>(READ_BACK_TO, values, deadline);
    return { snapshot, events: rows.map(toStoredEvent) };
  }

  /** The version of a stream at a time; 0 before its first event. */
  async versionAt(stream: string, time: Date, deadline: number): Promise<number> {
    const { rows } = await this.database.query<{ version: number }>(VERSION_AT, [stream, time.toISOString()], deadline);
    return rows[0]?.version ?? 0;
  }

  /** The first event of the append that has this command's or this cause's id. */
  async findAppend(
    stream: string,
    { commandId, causationId }: AppendIdentity,
    deadline: number,
  ): Promise<StoredEvent | undefined> {
    const values = [stream, commandId ?? null, causationId ?? null];
    const { rows } = await this.database.query<EventRecord>(WITH_ID, values, deadline);
    return rows[0] && toStoredEvent(rows[0]);
  }

  /** The first event of the newest append of a stream whose cause has an id that starts like this. */
  async findLastCaused(stream: string, prefix: string, deadline: number): Promise<StoredEvent | undefined> {
    const { rows } = await this.database.query<EventRecord>(LAST_CAUSED, [stream, prefix], deadline);
    return rows[0] && toStoredEvent(rows[0]);
  }

  private statementFor({ statement, values }: GuardedProjection): Statement {
    const known = this.appends.get(statement.name);
    if (known) return known;
    const append = { name: `append-${statement.name}`, text: appendText(statement.text, values.length) };
    this.appends.set(statement.name, append);
    return append;
  }
}
