import { randomUUID } from 'node:crypto';
import { LINES, productId, userName } from './baskets.mjs';
import { progressOf } from './progress.mjs';
import { clientOf } from './long-basket.mjs';
import { withClient } from './servers.mjs';

/** Baskets a transaction. */
const BATCH = 10_000;
/** One basket in so many has this many events more, and so has snapshots. */
const LONG_EVERY = 100;
const LONG_BY = 200;
/** One basket in so many more is idle by now, and so many users were erased. */
const IDLE_EVERY = 1000;
const ERASED = 10_000;
/** One basket in so many got that of a guest, but not more than this. */
const MERGED_EVERY = 50;
const MOST_MERGED = 10_000;
const AT_ONCE = 16;
/** Users come in no order, as in life: it makes the indexes as large as they get, and as slow to write. */
const SHUFFLE = 7_368_787;

/** Baskets that the service itself made; all others are copies of theirs with other names, ids and times. */
async function makeTemplates(stage, short) {
  const { ask, close } = clientOf(stage.parts.service);
  const make = async (name, events) => {
    const path = `/baskets/${name}`;
    const items = Array.from({ length: LINES }, (_, line) => ({
      ...{ productId: productId(line), productName: `Field notebook ${line}`, unitPrice: 1250 + line, quantity: 1 },
    }));
    await ask('PUT', path, { currency: 'EUR', items });
    for (let version = 3; version <= events; version++) {
      // The load generator starts with small quantities: whatever it asks for is a change.
      const body = { quantity: 100 + version };
      const headers = version === events ? { 'idempotency-key': randomUUID() } : {};
      await ask('PATCH', `${path}/items/${productId(version % 2)}`, body, headers);
    }
  };
  await make(`${stage.run}-t-short`, short);
  await make(`${stage.run}-t-long`, short + LONG_BY);
  close();
}

/** In the session: the templates as they are stored, and what makes an id (UUID version 7) and a text of a time. */
const PREPARE = `
  CREATE FUNCTION pg_temp.id_at(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7' || substr(gen_random_uuid()::text, 16))::uuid
    FROM (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS h) AS hex
  $$;
  CREATE FUNCTION pg_temp.iso(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  $$;
  CREATE FUNCTION pg_temp.basket_as(json text, old_name text, new_name text, old_id uuid, new_id uuid,
                                    created timestamptz, updated timestamptz) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT replace(replace(replace(replace(json, old_name, new_name), old_id::text, new_id::text),
                           json::json ->> 'updatedAt', pg_temp.iso(updated)),
                   json::json ->> 'createdAt', pg_temp.iso(created))::json
  $$;
  CREATE TEMP TABLE template AS
    SELECT user_name LIKE '%-long' AS is_long, p.*, p.basket::text AS json FROM basket_projections AS p;
  CREATE TEMP TABLE template_event AS
    SELECT t.is_long, e.*, e.event_data::text LIKE '%' || e.basket_id || '%' AS has_id, e.event_data::text AS json
    FROM domain_events AS e JOIN template AS t USING (user_name);
  CREATE TEMP TABLE template_snapshot AS
    SELECT t.is_long, s.version, s.basket::text AS json FROM basket_snapshots AS s JOIN template AS t USING (user_name);
  CREATE TEMP TABLE made (name text, id uuid, is_long boolean, last timestamptz(3));
  ANALYZE template, template_event, template_snapshot;
  SET synchronous_commit = off`;

/** $1 what names start with, $2 to $3 the keys, $4 how many there are, $5 how long ago the last changes are, at least and at most. */
const MAKE = `
  INSERT INTO made
  SELECT $1 || lpad(key::text, greatest(5, length(key::text)), '0'), pg_temp.id_at(last - interval '10 hours'), key % ${LONG_EVERY} = 0, last
  FROM (SELECT (n * ${SHUFFLE}) % $4 AS key, (now() - $5::interval - random() * $6::interval)::timestamptz(3) AS last
        FROM generate_series($2::bigint, $3::bigint - 1) AS n OFFSET 0) AS shuffled`;

/** A PUT makes two events at once; the others follow a minute and a half from each other. */
const timeOf = (version, newest) => `made.last - (${newest} - greatest(2, ${version})) * interval '90 seconds'`;

const FILL = [
  `INSERT INTO domain_events (user_name, version, event_id, basket_id, event_type, event_data, metadata, command_id, causation_id, occurred_at)
   SELECT made.name, e.version, pg_temp.id_at(made.last), made.id, e.event_type,
          CASE WHEN e.has_id THEN replace(e.json, e.basket_id::text, made.id::text)::jsonb ELSE e.event_data END,
          e.metadata, CASE WHEN e.command_id IS NOT NULL THEN gen_random_uuid()::text END, NULL,
          ${timeOf('e.version', 't.version')} AS occurred_at
   FROM made JOIN template AS t USING (is_long) JOIN template_event AS e USING (is_long) ORDER BY occurred_at`,
  `INSERT INTO basket_projections (user_name, basket_id, status, version, basket, last_event_id, updated_at, active_hour, total_items, total_price)
   SELECT made.name, made.id, t.status, t.version,
          pg_temp.basket_as(t.json, t.user_name, made.name, t.basket_id, made.id, ${timeOf(2, 't.version')}, made.last),
          pg_temp.id_at(made.last), made.last, date_trunc('hour', made.last, 'UTC'), t.total_items, t.total_price
   FROM made JOIN template AS t USING (is_long)`,
  `INSERT INTO basket_snapshots (user_name, version, basket, created_at)
   SELECT made.name, s.version,
          pg_temp.basket_as(s.json, t.user_name, made.name, t.basket_id, made.id, ${timeOf(2, 't.version')}, ${timeOf('s.version', 't.version')}),
          ${timeOf('s.version', 't.version')}
   FROM made JOIN template AS t USING (is_long) JOIN template_snapshot AS s USING (is_long)`,
];

/**
 * Fills the tables with baskets as the service leaves them: eight lines, most with few events and one in a hundred with
 * 200 more and its snapshots, last changed within 23 hours; besides, baskets that are idle, and tombstones of users who
 * were erased, and merges, which the service makes itself. The outbox stays empty, as it is once events are published.
 *
 * @param {import('./stage.mjs').Stage} stage its service runs, on an empty database
 * @param {'s' | 'r'} side the letter of the load generator's side that knows the names
 */
export async function generate(stage, side, baskets, events, tell) {
  const short = Math.round(events / baskets) - LONG_BY / LONG_EVERY;
  if (short < 3) throw new Error('A basket needs 5 events or more, in the mean.');
  await makeTemplates(stage, short);
  await withClient(stage.databaseUrl, async (client) => {
    await client.query(PREPARE);
    const progress = progressOf('baskets', baskets, tell);
    for (let from = 0; from < baskets; from += BATCH) {
      const to = Math.min(baskets, from + BATCH);
      await fill(client, [`${stage.run}-${side}-`, from, to, baskets, '0 hours', '22 hours 30 minutes']);
      progress(to);
    }
    const idle = Math.ceil(baskets / IDLE_EVERY);
    await fill(client, [`${stage.run}-i-`, 0, idle, idle, '25 hours', '10 hours']);
    await client.query(
      `INSERT INTO erased_streams (tombstone, version, closed_at, finished)
       SELECT encode(sha256(convert_to(n::text, 'UTF8')), 'base64'), 10, now(), true FROM generate_series(1, $1) AS n`,
      [ERASED],
    );
    await mergeSome(stage, side, Math.min(MOST_MERGED, Math.ceil(baskets / MERGED_EVERY)), tell);
    await client.query('VACUUM (ANALYZE)');
    await client.query('CHECKPOINT');
  });
}

async function fill(client, values) {
  await client.query('BEGIN');
  await client.query('TRUNCATE made');
  await client.query(MAKE, values);
  for (const statement of FILL) await client.query(statement);
  await client.query('COMMIT');
}

/** By the service: what a merge leaves in two streams is more than a copy is worth. */
async function mergeSome(stage, side, count, tell) {
  const { ask, close } = clientOf(stage.parts.service, AT_ONCE);
  const progress = progressOf('merges', count, tell);
  const item = { productId: productId(LINES + 1), productName: 'Pencil', unitPrice: 150, quantity: 1 };
  let next = 0;
  const merge = async () => {
    while (next < count) {
      const key = next++;
      const guest = `${stage.run}-g-${key}`;
      await ask('PUT', `/baskets/${guest}`, { currency: 'EUR', items: [item] });
      await ask('POST', `/baskets/${userName(stage.run, side, key)}/merge`, { fromUserName: guest, strategy: 'sum' });
      progress(key + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, merge));
  close();
}

/** @returns {Promise<{ baskets: number, events: number, snapshots: number }>} */
export async function countAll(stage) {
  return await withClient(stage.databaseUrl, async (client) => {
    const { rows } = await client.query(
      `SELECT (SELECT count(*) FROM basket_projections)::int AS baskets, (SELECT count(*) FROM domain_events)::int AS events,
              (SELECT count(*) FROM basket_snapshots)::int AS snapshots`,
    );
    return rows[0];
  });
}
