import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBareDatabase, createTestDatabase } from './database.js';
import { bareImage, migratedImage } from './embedded-images.js';
import type { Env } from './service-process.js';

/** A database for processes of the service, and what tells them where it is. */
export interface Storage extends AsyncDisposable {
  readonly env: Env;
}

/** What is in it: the schema, nothing, or, on disk, not even the files of an empty database, which take seconds to make. */
type Content = 'schema' | 'nothing' | 'no files';

/** On the servers that the environment names, else embedded in a temporary folder. */
export async function createStorage(content: Exclude<Content, 'no files'> = 'schema'): Promise<Storage> {
  if (!process.env.DATABASE_URL) return await embeddedStorage(content);
  const { url = '', drop } = await (content === 'schema' ? createTestDatabase() : createBareDatabase());
  return {
    env: { DATABASE_URL: url, ...(process.env.REDIS_URL ? { REDIS_URL: process.env.REDIS_URL } : {}) },
    [Symbol.asyncDispose]: drop,
  };
}

export async function embeddedStorage(content: Content = 'schema'): Promise<Storage & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'basket-embedded-'));
  if (content !== 'no files') {
    const data = join(folder, 'postgres');
    mkdirSync(data);
    execFileSync('tar', ['-xf', content === 'schema' ? await migratedImage() : bareImage(), '-C', data], {
      stdio: 'ignore',
    });
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
