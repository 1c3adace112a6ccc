import { openAsBlob } from 'node:fs';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';

/** One in memory, that is the caller's alone. */
export const openEmbedded = async () =>
  await EmbeddedPostgres.open(undefined, await openAsBlob(process.env.EMBEDDED_IMAGE ?? ''));

/** To start one takes a second, to empty one a hundredth: the tests of a file take turns at theirs. It ends with them. */
let idle: EmbeddedPostgres | undefined;

/** An empty embedded database in memory, and what gives it back. */
export async function takeEmbedded() {
  const taken = idle;
  idle = undefined;
  const embedded = taken ?? (await openEmbedded());
  let back: Promise<void> | undefined;
  // Some tests close what they have twice.
  return { embedded, release: () => (back ??= giveBack(embedded)) };
}

async function giveBack(embedded: EmbeddedPostgres): Promise<void> {
  // One that a test has left in a state of its own is of no use to the next.
  if (idle || !(await empty(embedded))) await embedded.close();
  else idle = embedded;
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
