import { withClient } from './servers.mjs';

/** Names of eleven digits: pgbench counts, but puts no texts together. */
const FIRST = 10_000_000_000;
const TABLES = ['basket_projections', 'domain_events'];

/**
 * Copies of the service's baskets whose names are numbers, in no order, as those who write baskets one after the other
 * should not find them side by side.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @returns {Promise<{ first: number, count: number }>}
 */
export async function copyBaskets(stage) {
  await withClient(stage.databaseUrl, async (client) => {
    await client.query(
      `CREATE TEMP TABLE numbered AS
       SELECT user_name AS source, ($1::bigint - 1 + row_number() OVER (ORDER BY random()))::text AS name
       FROM basket_projections WHERE user_name LIKE $2`,
      [FIRST, `${stage.run}-s-%`],
    );
    for (const table of TABLES) {
      const columns = await columnsOf(client, table);
      const copied = columns.map((name) => (name === 'basket' ? `replace(basket::text, source, name)::json` : name));
      await client.query(
        `INSERT INTO ${table} (user_name, ${columns.join(', ')})
         SELECT name, ${copied.join(', ')} FROM ${table} JOIN numbered ON source = user_name ORDER BY source`,
      );
    }
    await client.query(`VACUUM ANALYZE ${TABLES.join(', ')}`);
  });
  return { first: FIRST, count: stage.count };
}

/** But for the name of the user. */
async function columnsOf(client, table) {
  const { rows } = await client.query(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name = $1 AND column_name <> 'user_name'
       AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY ordinal_position`,
    [table],
  );
  return rows.map(({ name }) => name);
}
