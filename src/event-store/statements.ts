import type { Statement } from '../database/database.js';

export const EVENT_COLUMNS =
  'user_name, version, event_id, basket_id, event_type, event_data, metadata, command_id, causation_id, occurred_at';

export const READ: Statement = {
  name: 'read-events',
  text: `SELECT ${EVENT_COLUMNS} FROM domain_events WHERE user_name = $1 AND version > $2 ORDER BY version LIMIT $3`,
};

export const READ_BACK_TO: Statement = {
  name: 'read-back-to',
  text: `SELECT ${EVENT_COLUMNS} FROM domain_events WHERE user_name = $1 AND version > $2 AND version <= $3 ORDER BY version`,
};

export const SNAPSHOT: Statement = {
  name: 'snapshot',
  text: `SELECT version, basket::text AS json FROM basket_snapshots
         WHERE user_name = $1 AND version <= $2 ORDER BY version DESC LIMIT 1`,
};

export const VERSION_AT: Statement = {
  name: 'version-at',
  text: `SELECT version FROM domain_events WHERE user_name = $1 AND occurred_at <= $2 ORDER BY version DESC LIMIT 1`,
};

/** Two index look-ups; an OR would read the user's whole stream. */
export const WITH_ID: Statement = {
  name: 'event-with-id',
  text: `SELECT ${EVENT_COLUMNS} FROM domain_events WHERE user_name = $1 AND command_id = $2
         UNION ALL
         SELECT ${EVENT_COLUMNS} FROM domain_events WHERE user_name = $1 AND causation_id = $3`,
};

export const LAST_CAUSED: Statement = {
  name: 'last-caused',
  text: `SELECT ${EVENT_COLUMNS} FROM domain_events
         WHERE user_name = $1 AND causation_id IS NOT NULL AND starts_with(causation_id, $2)
         ORDER BY version DESC LIMIT 1`,
};

/**
 * The append: nothing is inserted unless the guarded projection returns its row. The identity stands on the first
 * event only, where unique indexes see to it that it takes effect once.
 *
 * @param projection a statement that uses `before` parameters
 */
export function appendText(projection: string, before: number): string {
  const $ = (n: number) => `$${before + n}`;
  return `WITH projected AS (${projection}),
    appended AS (
      INSERT INTO domain_events (${EVENT_COLUMNS})
      SELECT ${$(1)}::text, event.version, event.id, ${$(2)}::uuid, event.type, event.data, ${$(3)}::jsonb,
             CASE event.place WHEN 1 THEN ${$(9)}::text END, CASE event.place WHEN 1 THEN ${$(10)}::text END,
             ${$(8)}::timestamptz
      FROM projected,
           unnest(${$(4)}::integer[], ${$(5)}::uuid[], ${$(6)}::text[], ${$(7)}::jsonb[])
             WITH ORDINALITY AS event (version, id, type, data, place)
      RETURNING version
    ),
    snapshotted AS (
      INSERT INTO basket_snapshots (user_name, version, basket, created_at)
      SELECT ${$(1)}::text, snapshot.version, snapshot.basket, ${$(8)}::timestamptz
      FROM projected, unnest(${$(11)}::integer[], ${$(12)}::json[]) AS snapshot (version, basket)
    )
    INSERT INTO outbox (user_name, version, bucket, created_at)
    SELECT ${$(1)}::text, version, ${$(13)}::smallint, ${$(8)}::timestamptz FROM appended`;
}
