import { Batches } from '../database/batches.js';
import type { Database } from '../database/database.js';
import { SerializationError } from '../database/database.js';
import type { RecordedSpan } from '../telemetry/spans.js';
import { appendStatement, appendValues } from './append.js';
import type { Append, AppendIdentity, Projection, Snapshot } from './append.js';
import { ENDS, LAST_CAUSED, READ, READ_BACK_TO, SNAPSHOT, VERSION_AT, WITH_ID } from './statements.js';
import { toStoredEvent } from './stored-event.js';
import type { EventRecord, StoredEvent } from './stored-event.js';
import { Tombstones } from './tombstones.js';
import type { Tombstone } from './tombstones.js';

/** A snapshot is taken of every version that is a multiple of this, so that a fold has fewer events than that. */
export const SNAPSHOT_EVERY = 100;

/** Statements at once, and appends in each: more of either did not pay when it was measured. */
const PLACES = 2;
const MOST_APPENDS = 32;

const byStream = (one: Append, other: Append) => (one.stream < other.stream ? -1 : 1);

/** Append-only streams of events. What an event means is for others to know. */
export class EventStore {
  private readonly batches: Batches<Append, boolean>;
  private readonly listeners: ((append: Append) => void)[] = [];

  constructor(
    private readonly database: Database,
    projection: Projection,
    private readonly tombstones = new Tombstones(),
  ) {
    const statement = appendStatement(projection);
    const send = async (appends: readonly Append[], deadline: number): Promise<boolean[]> => {
      // In one order in every process: two statements that have locked a row of each other stand still until PostgreSQL
      // notices (deadlock_timeout, a second), and all writes with them.
      const values = appendValues(appends.toSorted(byStream), tombstones);
      const { rows } = await this.database.query<{ user_name: string }>(statement, values, deadline);
      const written = new Set(rows.map(({ user_name }) => user_name));
      return appends.map(({ stream }) => written.has(stream));
    };
    this.batches = new Batches(send, PLACES, MOST_APPENDS);
  }

  /**
   * Appends events, and with them the row of the projection, the snapshots that are due and the pointers of the outbox,
   * in one statement: one round trip and one transaction. Appends to other streams that come meanwhile share it, each
   * with a verdict of its own. A stream must not have two appends under way.
   *
   * @param spans of the requests that wait for it; that of the request at hand if none are given
   * @returns false when the stream is not at the expected version, or has a change of one of the identities already;
   *   nothing is written then
   * @throws DatabaseUnavailableError when it is not known whether the events were written
   */
  async append(append: Append, deadline: number, spans?: readonly RecordedSpan[]): Promise<boolean> {
    try {
      const appended = await this.batches.add(append, deadline, spans);
      if (appended) for (const tell of this.listeners) tell(append);
      return appended;
    } catch (error) {
      if (error instanceof SerializationError) return false;
      throw error;
    }
  }

  /** Calls the listener after each append of this process. */
  onAppend(listener: (append: Append) => void): void {
    this.listeners.push(listener);
  }

  /** Where the erased streams of these names have ended: what is new there begins behind. Most names have none. */
  async erasedVersions(streams: readonly string[], deadline: number): Promise<Map<string, number>> {
    return await this.tombstones.versionsOf(streams, async (tombstones) => {
      return (await this.database.query<Tombstone>(ENDS, [tombstones], deadline)).rows;
    });
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
}
