import type { Statement } from '../database/database.js';

export const HOLDINGS: Statement = {
  name: 'user-holdings',
  text: `SELECT (SELECT version FROM basket_projections WHERE user_name = $1) AS "row",
                greatest((SELECT max(version) FROM domain_events WHERE user_name = $1),
                         (SELECT max(version) FROM basket_snapshots WHERE user_name = $1),
                         (SELECT max(version) FROM outbox WHERE user_name = $1)) AS newest,
                (SELECT max(version) FROM erased_streams WHERE tombstone = ANY($2)) AS erased,
                (SELECT min(tombstone) FROM erased_streams WHERE tombstone = ANY($2) AND NOT finished) AS "cutShort",
                EXISTS (SELECT FROM domain_events
                        WHERE event_type = 'BasketsMerged' AND event_data ->> 'fromUserName' = $1)
                OR EXISTS (SELECT FROM domain_events
                           WHERE starts_with(causation_id, 'merge:')
                             AND causation_id COLLATE "C" >= 'merge:' || $1 || '@'
                             AND causation_id COLLATE "C" < 'merge:' || $1 || 'A'
                             AND substr(causation_id, length($1) + 8) ~ '^[0-9]+$') AS "isMentioned"`,
};

/** The functions belong to the role that owns the tables; that of the service may not delete. */
export const CLOSE: Statement = {
  name: 'close-erased-stream',
  text: 'SELECT close_erased_stream($1, $2, $3, $4, $5) AS closed',
};

export const ERASE_PAGE: Statement = {
  name: 'erase-stream-page',
  text: 'SELECT erase_stream_page($1, $2, $3) AS erased',
};

export const PROJECTION: Statement = {
  name: 'export-projection',
  text: `SELECT version, basket_id AS "basketId", status, basket, last_event_id AS "lastEventId", updated_at AS "updatedAt",
                active_hour AS "activeHour", total_items AS "totalItems", total_price AS "totalPrice"
         FROM basket_projections WHERE user_name = $1`,
};

export const SNAPSHOTS: Statement = {
  name: 'export-snapshots',
  text: `SELECT version, created_at AS "createdAt", basket FROM basket_snapshots
         WHERE user_name = $1 AND version > $2 AND version <= $3 ORDER BY version LIMIT $4`,
};

export const POINTERS: Statement = {
  name: 'export-outbox',
  text: `SELECT version, created_at AS "createdAt", parked_at AS "parkedAt", error FROM outbox
         WHERE user_name = $1 AND version > $2 AND version <= $3 ORDER BY version LIMIT $4`,
};
