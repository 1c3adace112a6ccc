/** The next users that anything is stored of, in the database's own order. */
export const NAMES = `
  SELECT user_name FROM (
    (SELECT DISTINCT user_name FROM domain_events WHERE user_name > $1 ORDER BY user_name LIMIT $2)
    UNION (SELECT user_name FROM basket_projections WHERE user_name > $1 ORDER BY user_name LIMIT $2)
    UNION (SELECT DISTINCT user_name FROM basket_snapshots WHERE user_name > $1 ORDER BY user_name LIMIT $2)
  ) AS named ORDER BY user_name LIMIT $2`;

/** About how many there are. */
export const COUNT = 'SELECT count(*)::integer AS users FROM basket_projections';

/** The events behind one, up to the last one of a user. */
export const EVENTS = `
  SELECT user_name, version, event_id, basket_id, event_type, event_data, occurred_at
  FROM domain_events WHERE (user_name, version) > ($1, $2) AND user_name <= $3
  ORDER BY user_name, version LIMIT $4`;

export const PROJECTIONS = `
  SELECT user_name, basket_id, status, version, basket::text AS json, last_event_id, updated_at,
         active_hour, total_items, total_price
  FROM basket_projections WHERE user_name = ANY($1)`;

export const SNAPSHOTS = `
  SELECT user_name, version, md5(basket::text) AS digest, created_at FROM basket_snapshots WHERE user_name = ANY($1)`;

/** Where the streams of erased users have ended. */
export const ERASED = 'SELECT tombstone, version FROM erased_streams WHERE tombstone = ANY($1)';

// The guard of a write is that nothing has happened to the user since the rows were read: each append changes the
// version of the row. The events are asked besides where the row itself cannot be relied on.

export const REPLACE_PROJECTION = `
  UPDATE basket_projections
  SET basket_id = $3, status = $4, version = $5, basket = $6, last_event_id = $7, updated_at = $8,
      active_hour = $9, total_items = $10, total_price = $11
  WHERE user_name = $1 AND version = $2
    AND NOT EXISTS (SELECT FROM domain_events WHERE user_name = $1 AND version > $5)
  RETURNING user_name`;

export const CREATE_PROJECTION = `
  INSERT INTO basket_projections (user_name, basket_id, status, version, basket, last_event_id, updated_at,
                                  active_hour, total_items, total_price)
  SELECT $1::text, $2::uuid, $3::text, $4::integer, $5::json, $6::uuid, $7::timestamptz,
         $8::timestamptz, $9::integer, $10::bigint
  WHERE EXISTS (SELECT FROM domain_events WHERE user_name = $1 AND version = $4)
    AND NOT EXISTS (SELECT FROM domain_events WHERE user_name = $1 AND version > $4)
  ON CONFLICT (user_name) DO NOTHING
  RETURNING user_name`;

export const DELETE_PROJECTION = `
  DELETE FROM basket_projections
  WHERE user_name = $1 AND version = $2 AND NOT EXISTS (SELECT FROM domain_events WHERE user_name = $1)
  RETURNING user_name`;

/** What a basket was at a version does not change any more. */
export const PUT_SNAPSHOT = `
  INSERT INTO basket_snapshots (user_name, version, basket, created_at)
  SELECT $1::text, $2::integer, $3::json, $4::timestamptz
  WHERE EXISTS (SELECT FROM domain_events WHERE user_name = $1 AND version = $2)
  ON CONFLICT (user_name, version) DO UPDATE SET basket = excluded.basket, created_at = excluded.created_at`;

/** Those that no event has made meanwhile. */
export const DELETE_SNAPSHOTS = `
  DELETE FROM basket_snapshots
  WHERE user_name = $1 AND version = ANY($2)
    AND (version % $3 <> 0 OR NOT EXISTS (
      SELECT FROM domain_events AS event WHERE event.user_name = $1 AND event.version = basket_snapshots.version))`;
