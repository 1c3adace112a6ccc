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

/** What a change may be known by: each takes effect once in a stream. */
export interface AppendIdentity {
  /** Given by the caller: the idempotency key. */
  readonly commandId?: string | undefined;
  /** What in another stream brought it about. */
  readonly causationId?: string | undefined;
}

/** What one command does to a stream. */
export interface Change extends AppendIdentity {
  readonly basketId: string;
  /** One or more. */
  readonly events: readonly NewEvent[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Append {
  readonly stream: string;
  /** The version that the stream must be at; 0 before its first event. */
  readonly expected: number;
  /** Whether the stream has no row yet: at version 0, or where it begins behind an erased one. */
  readonly isNew?: boolean | undefined;
  /** One or more; their events have the versions that follow the expected one. */
  readonly changes: readonly Change[];
  /** The row of the projection, in the order of its columns. */
  readonly row: readonly unknown[];
  readonly snapshots: readonly Snapshot[];
}

/**
 * Appends to any number of streams at once, each of them wholly or not at all; answers the streams that were at the
 * expected version. An identity stands on the first event of its change. Whether it is there already is asked for
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
          AS target (user_name, ${names.join(', ')}, expected, command_ids, causation_ids, tombstones)
        WHERE (command_ids IS NULL OR NOT EXISTS (
                SELECT FROM domain_events AS done
                WHERE done.user_name = target.user_name AND done.command_id = ANY(target.command_ids::text[])))
          AND (causation_ids IS NULL OR NOT EXISTS (
                SELECT FROM domain_events AS done
                WHERE done.user_name = target.user_name AND done.causation_id = ANY(target.causation_ids::text[])))
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
 * @param tombstones of streams that are new
 */
export function appendValues(appends: readonly Append[], tombstones: Tombstones): unknown[][] {
  const targets = appends.map(({ stream, row, expected, isNew = expected === 0, changes }) => [
    stream,
    ...row,
    expected,
    arrayUnlessEmpty(changes.map(({ commandId }) => commandId)),
    arrayUnlessEmpty(changes.map(({ causationId }) => causationId)),
    isNew ? arrayOf(tombstones.allOf(stream)) : null,
  ]);
  const events = appends.flatMap(({ stream, changes }) => {
    const bucket = bucketOf(stream);
    return changes.flatMap((change) => eventRows(stream, bucket, change));
  });
  const snapshots = appends.flatMap(({ stream, changes, snapshots }) =>
    snapshots.map(({ version, json }) => [stream, version, json, timeOf(version, changes)]),
  );
  return [...columnsOf(targets), ...columnsOf(events), ...columnsOf(snapshots, SNAPSHOT_COLUMNS)];
}

const SNAPSHOT_COLUMNS = 4;

/** As PostgreSQL reads an array from a text: lists of several lengths make no array of arrays. */
const arrayOf = (values: readonly string[]): string =>
  `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

function arrayUnlessEmpty(values: readonly (string | undefined)[]): string | null {
  const there = values.filter((value) => value !== undefined);
  return there.length > 0 ? arrayOf(there) : null;
}

const timeOf = (version: number, changes: readonly Change[]): string | undefined =>
  changes.flatMap(({ events }) => events).find((event) => event.version === version)?.occurredAt;

function eventRows(
  stream: string,
  bucket: number,
  { basketId, events, metadata, commandId, causationId }: Change,
): unknown[][] {
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
