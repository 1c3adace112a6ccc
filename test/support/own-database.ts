import { createTestDatabase } from './database.js';
import { PostgresServer } from './postgres-server.js';
import { isLong } from './sizes.js';

export interface OwnDatabase extends AsyncDisposable {
  /** As DATABASE_URL takes it. */
  readonly url: string;
}

/** For a test that does nothing to its server: to start another server is a good part of a quick test. */
export async function createOwnDatabase(): Promise<OwnDatabase> {
  if (isLong) return await PostgresServer.start();
  const { url = '', drop } = await createTestDatabase();
  return { url, [Symbol.asyncDispose]: drop };
}
