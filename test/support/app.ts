import { randomUUID } from 'node:crypto';

/** A user that no other test has: tests share the Redis of REDIS_URL. */
export const someUser = (name = 'user'): string => `${name}-${randomUUID()}`;
