import { Redis } from 'ioredis';

type Query = (sql: string) => Promise<Record<string, unknown>[]>;

/** Every row of every table and view of the schema, as text; it asks the schema what there is. */
export async function dumpDatabase(query: Query): Promise<string[]> {
  const tables = await query(
    `SELECT relname AS name FROM pg_class
     WHERE relkind IN ('r', 'p', 'm') AND relnamespace = current_schema()::regnamespace`,
  );
  const rows: string[] = [];
  for (const { name } of tables) {
    const found = await query(`SELECT '${String(name)} ' || row::text AS text FROM ${String(name)} AS row`);
    rows.push(...found.map(({ text }) => String(text)));
  }
  return rows;
}

/** Every key of the Redis of REDIS_URL with its value; nothing without it. */
export async function dumpRedis(url = process.env.REDIS_URL): Promise<string[]> {
  if (!url) return [];
  const redis = new Redis(url);
  try {
    const keys: string[] = [];
    for await (const found of redis.scanStream({ count: 1000 })) keys.push(...(found as string[]));
    return await Promise.all(
      keys.map(async (key) => `${key} ${(await redis.get(key).catch(() => 'of another type')) ?? ''}`),
    );
  } finally {
    redis.disconnect();
  }
}

export const naming = (dump: readonly string[], canaries: readonly string[]): string[] =>
  dump.filter((row) => canaries.some((canary) => row.toLowerCase().includes(canary.toLowerCase())));
