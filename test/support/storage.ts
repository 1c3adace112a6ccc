import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from './database.js';
import type { Env } from './service-process.js';

/** An empty database for processes of the service, and what tells them where it is. */
export interface Storage extends AsyncDisposable {
  readonly env: Env;
}

/** On the servers that the environment names, else embedded in a temporary folder. */
export async function createStorage(): Promise<Storage> {
  if (!process.env.DATABASE_URL) return embeddedStorage();
  const { url = '', drop } = await createTestDatabase();
  return {
    env: { DATABASE_URL: url, ...(process.env.REDIS_URL ? { REDIS_URL: process.env.REDIS_URL } : {}) },
    [Symbol.asyncDispose]: drop,
  };
}

/** @param isNew whether even the empty database is still to be made, which takes seconds */
export function embeddedStorage(isNew = false): Storage & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'basket-embedded-'));
  if (!isNew) {
    const data = join(folder, 'postgres');
    mkdirSync(data);
    execFileSync('tar', ['-xf', process.env.EMBEDDED_IMAGE ?? '', '-C', data], { stdio: 'ignore' });
  }
  return {
    folder,
    env: { DATABASE_DIR: folder },
    [Symbol.asyncDispose]: () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
      return Promise.resolve();
    },
  };
}
