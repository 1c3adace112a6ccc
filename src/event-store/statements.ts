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
