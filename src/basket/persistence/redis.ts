import { Cluster, Redis } from 'ioredis';

/** A cache may cost a request this long before it goes on without. */
const COMMAND_TIMEOUT_MS = 100;

/** Connects in the background, again and again: the service starts and serves without Redis. */
export function connectRedis(urls: readonly string[], commandTimeout = COMMAND_TIMEOUT_MS): Redis | Cluster {
  const options = {
    // Commands for a Redis that is away fail at once; ioredis would keep them, and their requests, until it is back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout,
    connectTimeout: 1000,
    retryStrategy: (attempt: number) => Math.min(50 * attempt, 1000),
  };
  const [first, ...more] = urls;
  if (first !== undefined && more.length === 0) return new Redis(first, options);
  return new Cluster([...urls], { redisOptions: options, enableOfflineQueue: false });
}
