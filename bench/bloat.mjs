// npm run bench:bloat [-- --quick] [--lines 8,100]
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { generate } from './generated-baskets.mjs';
import { startLoadGenerator } from './load.mjs';
import { markdownTable, program } from './program.mjs';
import { openServers, withClient } from './servers.mjs';
import { Stage } from './stage.mjs';

const EXTENT = { quick: { baskets: 5000, updates: 50_000 }, long: { baskets: 20_000, updates: 200_000 } };
/** As many as the service's statement has at most. */
const ROWS_A_STATEMENT = 32;
const CLIENTS = 2;
/** Of writes: those that are a basket's first within an hour change the index of idle baskets, too. */
const NEW_HOUR = 0.1;
/** Vacuum looks once a second in place of once a minute: the table is a small one, and its updates come fast. */
const SETTINGS = { autovacuum_naptime: '1', shared_buffers: '512MB', max_wal_size: '4GB', synchronous_commit: 'off' };
const MOST_GROWTH = 1.5;

const EARLY = { autovacuum_vacuum_scale_factor: '0.02', 'toast.autovacuum_vacuum_scale_factor': '0.02' };
const FAST = { autovacuum_vacuum_cost_limit: '2000', 'toast.autovacuum_vacuum_cost_limit': '2000' };
const CANDIDATES = {
  'defaults of PostgreSQL': { fillfactor: '100' },
  'fillfactor 70': { fillfactor: '70' },
  'fillfactor 70, vacuum at 2 %': { fillfactor: '70', ...EARLY },
  'fillfactor 70, vacuum at 2 % and ten times as fast': { fillfactor: '70', ...EARLY, ...FAST },
};
/** What the migrations set. */
const CHOSEN = 'fillfactor 70, vacuum at 2 % and ten times as fast';
const ALL_OPTIONS = ['fillfactor', ...Object.keys({ ...EARLY, ...FAST })];
/** A hundred lines: beyond 2 KB PostgreSQL keeps what it could not compress in a table beside, the TOAST. */
const ENLARGE = `
  UPDATE basket_projections AS p SET basket = (
    SELECT '{"version":' || p.version || ',"items":[' || string_agg(
      '{"productId":"' || gen_random_uuid() || '","productName":"Field notebook ' || line || '","unitPrice":1250,"quantity":1}', ',') || ']}'
    FROM generate_series(1, 100) AS line WHERE p.version > 0)::json`;
const UPDATE = `
  UPDATE basket_projections AS p
  SET version = p.version + 1, last_event_id = gen_random_uuid(), updated_at = now(),
      basket = replace(p.basket::text, '"version":' || p.version, '"version":' || (p.version + 1))::json,
      active_hour = p.active_hour + CASE WHEN random() < ${NEW_HOUR} THEN interval '1 hour' ELSE interval '0' END
  WHERE user_name = ANY($1)`;
const FIGURES = `
  SELECT pg_relation_size(c.oid)::float8 AS table, pg_relation_size(c.reltoastrelid)::float8 AS toast,
         pg_indexes_size(c.oid)::float8 AS indexes, s.n_tup_upd::float8 AS updates, s.n_tup_hot_upd::float8 AS hot,
         s.autovacuum_count::int AS vacuums
  FROM pg_class AS c JOIN pg_stat_user_tables AS s ON s.relid = c.oid WHERE c.relname = 'basket_projections'`;

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, lines: { type: 'string', default: '8,100' } },
});
const extent = values.quick ? EXTENT.quick : EXTENT.long;
const tell = (text) => console.log(`  ${text}`);
const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const sum = ({ table, toast, indexes }) => megabytes(table + toast + indexes);

await program('bloat', async (folder, cleanUp) => {
  const servers = cleanUp.adopt(await openServers(folder, SETTINGS), (one) => one.stop());
  const generator = cleanUp.adopt(startLoadGenerator(), (one) => one.stop());
  const stage = new Stage(folder, servers, generator, extent.baskets);
  cleanUp.defer(() => stage.close());
  await withClient(servers.databaseUrl, (client) => client.query(`CREATE DATABASE ${stage.database}`));
  stage.parts.service = await stage.startService('loading', { BASKET_ABANDONED_AFTER_HOURS: '0' });
  await generate(stage, 's', extent.baskets, 5 * extent.baskets, tell);
  await stage.parts.service.stop();
  const results = [];
  for (const lines of values.lines.split(',').map(Number)) {
    if (lines === 100) await withClient(stage.databaseUrl, (client) => client.query(ENLARGE));
    for (const [name, options] of Object.entries(CANDIDATES)) {
      results.push({ lines, name, ...(await measure(stage.databaseUrl, options)) });
      const { before, after, hotShare } = results.at(-1);
      tell(`${lines} lines, ${name}: ${sum(before)} to ${sum(after)} MB, ${(100 * hotShare).toFixed(0)} % HOT`);
    }
  }
  console.log(`\n${markdownTable(rowsOf(results))}\n`);
  const chosen = results.filter(({ name }) => name === CHOSEN);
  return { quick: values.quick, ...extent, results, verdicts: chosen.map(verdictOf) };
});

/** The updates in full, from a table without gaps. */
async function measure(url, options) {
  return await withClient(url, async (client) => {
    await client.query(`ALTER TABLE basket_projections RESET (${ALL_OPTIONS.join(', ')})`);
    const set = Object.entries(options).map((option) => option.join(' = '));
    await client.query(`ALTER TABLE basket_projections SET (${set.join(', ')})`);
    await client.query('VACUUM FULL ANALYZE basket_projections');
    const { rows: names } = await client.query('SELECT user_name FROM basket_projections');
    const before = await figuresOf(client);
    const start = performance.now();
    await Promise.all(Array.from({ length: CLIENTS }, () => withClient(url, (one) => updateAll(one, names))));
    const seconds = (performance.now() - start) / 1000;
    // What was counted last becomes visible a moment later.
    await setTimeout(2000);
    const after = await figuresOf(client);
    return { before, after, seconds, hotShare: (after.hot - before.hot) / (after.updates - before.updates) };
  });
}

async function updateAll(client, names) {
  for (let left = extent.updates / CLIENTS; left > 0; left -= ROWS_A_STATEMENT) {
    const some = Array.from(
      { length: ROWS_A_STATEMENT },
      () => names[Math.floor(Math.random() * names.length)].user_name,
    );
    await client.query({ name: 'update', text: UPDATE, values: [some.sort()] });
  }
}

async function figuresOf(client) {
  await client.query('SELECT pg_stat_clear_snapshot()');
  return (await client.query(FIGURES)).rows[0];
}

function rowsOf(results) {
  return [
    ['lines a basket', 'setting', 'table MB', 'TOAST MB', 'indexes MB', 'HOT updates', 'vacuums', 'updates/s'],
    ...results.map(({ lines, name, before, after, seconds, hotShare }) => [
      ...[String(lines), name],
      ...['table', 'toast', 'indexes'].map((part) => `${megabytes(before[part])} to ${megabytes(after[part])}`),
      ...[`${(100 * hotShare).toFixed(0)} %`, String(after.vacuums - before.vacuums)],
      (extent.updates / seconds).toFixed(0),
    ]),
  ];
}

function verdictOf({ lines, before, after }) {
  const growth = Number(sum(after)) / Number(sum(before));
  return {
    what: `size of the projection of ${lines} lines a basket after ${extent.updates / extent.baskets} updates of each`,
    value: `${growth.toFixed(2)} x`,
    target: `<= ${MOST_GROWTH} x`,
    pass: growth <= MOST_GROWTH,
  };
}
