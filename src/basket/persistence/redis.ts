import { Cluster, Redis } from 'ioredis';

/** What Redis does for a request may take this long before the request goes on without. */
export const COMMAND_TIMEOUT_MS = 100;

/**
 * Connects in the background, again and again: the service starts and serves without Redis.
 *
 * @param commandTimeout by the client's timer, which takes a late event loop for a late Redis; none where a `Patience` is kept
 */
export function connectRedis(urls: readonly string[], commandTimeout?: number): Redis | Cluster {
  const options = {
    // Commands for a Redis that is away fail at once; ioredis would keep them, and their requests, until it is back.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    ...(commandTimeout === undefined ? {} : { commandTimeout }),
    connectTimeout: 1000,
    retryStrategy: (attempt: number) => Math.min(50 * attempt, 1000),
  };
  const [first, ...more] = urls;
  if (first !== undefined && more.length === 0) return new Redis(first, options);
  return new Cluster([...urls], { redisOptions: options, enableOfflineQueue: false });
}
