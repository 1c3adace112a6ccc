import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';

/** Those of the environment. Whoever gives one back has emptied it. */
const { embeddedServers } = globalThis as unknown as {
  readonly embeddedServers: { take(): Promise<PGlite>; giveBack(server: PGlite): void };
};

/** An empty embedded database in memory, which the caller closes. */
export const openEmbedded = async () => EmbeddedPostgres.over(await embeddedServers.take());

/** The same, and what gives it back. */
export async function takeEmbedded() {
  const server = await embeddedServers.take();
  const embedded = EmbeddedPostgres.over(server);
  let back: Promise<void> | undefined;
  // Some tests close what they have twice.
  return { embedded, release: () => (back ??= giveBack(server, embedded)) };
}

async function giveBack(server: PGlite, embedded: EmbeddedPostgres): Promise<void> {
  // One that a test has left in a state of its own is of no use to the next.
  if (await empty(embedded)) embeddedServers.giveBack(server);
  else await embedded.close();
}

async function empty(embedded: EmbeddedPostgres): Promise<boolean> {
  const client = new pg.Client({ user: 'postgres', stream: embedded.connect, query_timeout: 5000 });
  try {
    await client.connect();
    await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await client.query('DISCARD ALL');
    await client.end();
    return true;
  } catch {
    return false;
  }
}

export async function connectTo(server: EmbeddedPostgres): Promise<pg.Client> {
  const client = new pg.Client({
    user: 'postgres',
    database: 'postgres',
    stream: server.connect,
    query_timeout: 15_000,
    connectionTimeoutMillis: 15_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
