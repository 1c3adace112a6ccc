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

/**
 * A stream's times do not run backwards (but by what clocks differ when one basket ends and another begins), so the
 * snapshots before and after a time bound where its version can be: it is looked for among the events between two of
 * them, however long the stream is.
 */
export const VERSION_AT: Statement = {
  name: 'version-at',
  text: `SELECT version FROM domain_events
         WHERE user_name = $1 AND occurred_at <= $2
           AND version >= coalesce((SELECT max(version) FROM basket_snapshots WHERE user_name = $1 AND created_at <= $2), 0)
           AND version <= coalesce((SELECT min(version) FROM basket_snapshots WHERE user_name = $1 AND created_at > $2),
                                   2147483647)
         ORDER BY version DESC LIMIT 1`,
};

/** That of the command first. Two index look-ups; an OR would read the user's whole stream. */
export const WITH_ID: Statement = {
  name: 'event-with-id',
  text: `SELECT 1 AS place, ${EVENT_COLUMNS} FROM domain_events WHERE user_name = $1 AND command_id = $2
         UNION ALL
         SELECT 2 AS place, ${EVENT_COLUMNS} FROM domain_events WHERE user_name = $1 AND causation_id = $3
         ORDER BY place`,
};

export const LAST_CAUSED: Statement = {
  name: 'last-caused',
  text: `SELECT ${EVENT_COLUMNS} FROM domain_events
         WHERE user_name = $1 AND causation_id IS NOT NULL AND starts_with(causation_id, $2)
         ORDER BY version DESC LIMIT 1`,
};

/** Where erased streams have ended. */
export const ENDS: Statement = {
  name: 'erased-streams',
  text: 'SELECT tombstone, version FROM erased_streams WHERE tombstone = ANY($1)',
};
