import type { Statement } from '../database/database.js';
import { bucketOf } from '../outbox/buckets.js';
import { EVENT_COLUMNS } from './statements.js';
import type { NewEvent } from './stored-event.js';
import type { Tombstones } from './tombstones.js';

/**
 * A table with one row a stream, keyed by `user_name`, that is written together with the events. Its `version` is the
 * guard: the row, and with it the events, is written only where it is at the expected one.
 */
export interface Projection {
  readonly table: string;
  /** The columns behind `user_name` with their types; `version` is among them. */
  readonly columns: Readonly<Record<string, string>>;
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
  /** The version that the stream must be at; 0 before its first event. */
  readonly expected: number;
  /** Whether the stream has no row yet: at version 0, or where it begins behind an erased one. */
  readonly isNew?: boolean | undefined;
  readonly basketId: string;
  /** One or more, with the versions that follow the expected one. */
  readonly events: readonly NewEvent[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The row of the projection, in the order of its columns. */
  readonly row: readonly unknown[];
  readonly snapshots: readonly Snapshot[];
}

/**
 * Appends to any number of streams at once, each of them wholly or not at all; answers the streams that were at the
 * expected version. An identity stands on the first event of its append. Whether it is there already is asked for
 * before, so that a repeat is no error; unique indexes decide between repeats that run at the same time. A stream that is
 * new begins nowhere below where an erased one of its name has ended.
 */
export function appendStatement({ table, columns }: Projection): Statement {
  const names = Object.keys(columns);
  const arrays = [...Object.values(columns), 'integer', 'text', 'text', 'text'].map(
    (type, at) => `$${at + 2}::${type}[]`,
  );
  const $ = (n: number) => `$${arrays.length + 1 + n}`;
  return {
    name: `append-${table}`,
    text: `
      WITH target AS MATERIALIZED (
        SELECT * FROM unnest($1::text[], ${arrays.join(', ')})
          AS target (user_name, ${names.join(', ')}, expected, command_id, causation_id, tombstones)
        WHERE (command_id IS NULL OR NOT EXISTS (
                SELECT FROM domain_events AS done
                WHERE done.user_name = target.user_name AND done.command_id = target.command_id))
          AND (causation_id IS NULL OR NOT EXISTS (
                SELECT FROM domain_events AS done
                WHERE done.user_name = target.user_name AND done.causation_id = target.causation_id))
      ),
      replaced AS (
        UPDATE ${table} AS projection
        SET ${names.map((name) => `${name} = target.${name}`).join(', ')}
        FROM target
        WHERE projection.user_name = target.user_name AND projection.version = target.expected
        RETURNING projection.user_name
      ),
      created AS (
        INSERT INTO ${table} (user_name, ${names.join(', ')})
        SELECT user_name, ${names.join(', ')} FROM target
        WHERE tombstones IS NOT NULL AND NOT EXISTS (
          SELECT FROM erased_streams AS erased
          WHERE erased.tombstone = ANY(target.tombstones::text[]) AND (erased.version > target.expected OR NOT erased.finished))
        ON CONFLICT (user_name) DO NOTHING
        RETURNING user_name
      ),
      projected AS (SELECT user_name FROM replaced UNION ALL SELECT user_name FROM created),
      event AS (
        SELECT * FROM unnest(${$(1)}::text[], ${$(2)}::integer[], ${$(3)}::uuid[], ${$(4)}::uuid[], ${$(5)}::text[],
                             ${$(6)}::jsonb[], ${$(7)}::jsonb[], ${$(8)}::text[], ${$(9)}::text[], ${$(10)}::timestamptz[],
                             ${$(11)}::smallint[]) AS event (${EVENT_COLUMNS}, bucket)
        WHERE user_name IN (SELECT user_name FROM projected)
      ),
      appended AS (INSERT INTO domain_events (${EVENT_COLUMNS}) SELECT ${EVENT_COLUMNS} FROM event),
      pointed AS (
        INSERT INTO outbox (user_name, version, bucket, created_at)
        SELECT user_name, version, bucket, occurred_at FROM event
      ),
      snapshotted AS (
        INSERT INTO basket_snapshots (user_name, version, basket, created_at)
        SELECT * FROM unnest(${$(12)}::text[], ${$(13)}::integer[], ${$(14)}::json[], ${$(15)}::timestamptz[])
          AS snapshot (user_name, version, basket, created_at)
        WHERE user_name IN (SELECT user_name FROM projected)
      )
      SELECT user_name FROM projected`,
  };
}

/**
 * The parameters of the statement: a list for each column.
 *
 * @param tombstones of streams that are new; base64url needs no quotes in an array
 */
export function appendValues(appends: readonly Append[], tombstones: Tombstones): unknown[][] {
  const targets = appends.map(({ stream, row, expected, isNew = expected === 0, commandId, causationId }) => [
    stream,
    ...row,
    expected,
    commandId ?? null,
    causationId ?? null,
    isNew ? `{${tombstones.allOf(stream).join(',')}}` : null,
  ]);
  const events = appends.flatMap(eventRows);
  const snapshots = appends.flatMap(({ stream, events, snapshots }) =>
    snapshots.map(({ version, json }) => [stream, version, json, events[0]?.occurredAt]),
  );
  return [...columnsOf(targets), ...columnsOf(events), ...columnsOf(snapshots, SNAPSHOT_COLUMNS)];
}

const SNAPSHOT_COLUMNS = 4;

function eventRows({ stream, basketId, events, metadata, commandId, causationId }: Append): unknown[][] {
  const bucket = bucketOf(stream);
  const about = JSON.stringify(metadata);
  return events.map(({ version, eventId, type, data, occurredAt }, at) => [
    stream,
    version,
    eventId,
    basketId,
    type,
    JSON.stringify(data),
    about,
    (at === 0 ? commandId : undefined) ?? null,
    (at === 0 ? causationId : undefined) ?? null,
    occurredAt,
    bucket,
  ]);
}

const columnsOf = (rows: readonly (readonly unknown[])[], width = rows[0]?.length ?? 0): unknown[][] =>
  Array.from({ length: width }, (_, column) => rows.map((row) => row[column]));
