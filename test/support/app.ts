import { randomUUID } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { createTestDatabase, testConfig } from './database.js';

/** The whole service in this process, on a database of its own, with Redis where REDIS_URL names one. */
export async function startApp(env: Record<string, string> = {}): Promise<NestFastifyApplication & AsyncDisposable> {
  const database = await createTestDatabase();
  const app = await createApp(testConfig(database, env), database.open);
  await app.listen(0, '127.0.0.1');
  const stop = async () => {
    await app.close();
    await database.drop();
  };
  // Nest's application is a proxy that takes no assignment.
  return Object.defineProperty(app, Symbol.asyncDispose, { value: stop }) as NestFastifyApplication & AsyncDisposable;
}

/** A user that no other test has: tests share the Redis of REDIS_URL. */
export const someUser = (name = 'user'): string => `${name}-${randomUUID()}`;
