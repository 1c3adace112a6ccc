import { Cluster, Redis } from 'ioredis';

/** What Redis does for a request may take this long before the request goes on without. */
export const COMMAND_TIMEOUT_MS = 100;

/**
 * Connects in the background, again and again: the service starts and serves without Redis.
 *
 * @param commandTimeout by the client's timer, which takes a late event loop for a late Redis; none where `inTime` is used
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

/** A timer that is as late as this tells that the loop stood still: a command may not even have left. */
const STANDSTILL_MS = 25;

/**
 * The answer to a command, unless Redis takes too long. When it was this process that stood still, for a garbage collection or want of
 * a processor, what has arrived meanwhile is read first, and what has not gets its time anew: to take it for an outage would have others
 * serve what a write has replaced.
 */
export async function inTime<Answer>(answer: Promise<Answer>, patienceMs: number): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const wait = (isLast: boolean) => {
    const due = performance.now() + patienceMs;
    timer = setTimeout(() => {
      if (!isLast && performance.now() - due > STANDSTILL_MS) wait(true);
      else timer = setTimeout(() => late.reject(new Error('Redis did not answer in time.')), 0);
    }, patienceMs);
  };
  wait(false);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
