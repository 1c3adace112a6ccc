import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { bareImage, migratedImage } from './embedded-images.js';
import { idleDatabases } from './idle-databases.js';
import { cleared, schemaOf } from './schema.js';

/** An embedded database in memory, and what gives it back. */
export interface TakenEmbedded {
  readonly embedded: EmbeddedPostgres;
  readonly release: () => Promise<void>;
}

/** One with the schema, and nothing in it. */
export async function takeEmbedded(): Promise<TakenEmbedded> {
  const { server, schema } = idleDatabases.take('embedded') ?? (await startMigrated());
  return taken(server, async (client) => {
    if (!(await cleared(client, schema))) return false;
    await client.query('DISCARD ALL');
    idleDatabases.giveBack('embedded', { server, schema });
    return true;
  });
}

/** One without a schema. */
export async function takeBareEmbedded(): Promise<TakenEmbedded> {
  const server = await bareServer();
  return taken(server, async (client) => {
    await dropSchema(client);
    idleDatabases.giveBack('bare', { server });
    return true;
  });
}

/** One without a schema, which the caller closes. */
export const openEmbedded = async (): Promise<EmbeddedPostgres> => EmbeddedPostgres.over(await bareServer());

function taken(server: PGlite, giveBack: (client: pg.Client) => Promise<boolean>): TakenEmbedded {
  const embedded = EmbeddedPostgres.over(server);
  const release = async () => {
    // One that a test has left in a state of its own is of no use to the next.
    if (!(await withClient(embedded, giveBack).catch(() => false))) await embedded.close();
  };
  let released: Promise<void> | undefined;
  // Some tests close what they have twice.
  return { embedded, release: () => (released ??= release()) };
}

async function startMigrated() {
  const server = await idleDatabases.startEmbedded(await migratedImage());
  return { server, schema: await withClient(EmbeddedPostgres.over(server), schemaOf) };
}

async function bareServer(): Promise<PGlite> {
  const bare = idleDatabases.take('bare');
  if (bare) return bare.server;
  const migrated = idleDatabases.take('embedded');
  if (!migrated) return await idleDatabases.startEmbedded(bareImage());
  await withClient(EmbeddedPostgres.over(migrated.server), dropSchema);
  return migrated.server;
}

async function dropSchema(client: pg.Client): Promise<void> {
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await client.query('DISCARD ALL');
}

async function withClient<T>(embedded: EmbeddedPostgres, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectTo(embedded);
  try {
    return await use(client);
  } finally {
    await client.end();
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
