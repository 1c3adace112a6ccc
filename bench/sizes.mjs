import { withClient } from './servers.mjs';

/**
 * What tables, their TOAST and their indexes take on disk.
 *
 * @returns {Promise<{ name: string, of: string, bytes: number, rows: number }[]>} largest first; `of` is the table of an index
 */
export async function sizesOf(databaseUrl) {
  return await withClient(databaseUrl, async (client) => {
    const { rows } = await client.query(
      `SELECT c.relname AS name, coalesce(i.indrelid, c.oid)::regclass::text AS of, c.reltuples::float8 AS rows,
              CASE c.relkind WHEN 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END::float8 AS bytes
       FROM pg_class AS c LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i') AND c.relname !~ 'migrations'
       ORDER BY bytes DESC`,
    );
    return rows.filter(({ bytes }) => bytes > 100_000);
  });
}

/** @param {number} baskets @param {number} events @returns {string[][]} rows of a table */
export const sizeRows = (sizes, baskets, events) => {
  const row = (name, bytes) => [name, `${Math.round(bytes / 1e6)}`, perOne(bytes / baskets), perOne(bytes / events)];
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ['', 'MB', 'bytes a basket', 'bytes an event'],
    ...sizes.map(({ name, of, bytes }) => row(name === of ? `\`${name}\`` : `index \`${name}\``, bytes)),
    row('all', total),
  ];
};

const perOne = (bytes) => (bytes < 10 ? bytes.toFixed(1) : bytes.toFixed(0));
