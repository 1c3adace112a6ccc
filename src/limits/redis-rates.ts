import { hash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Cluster, Redis, Result } from 'ioredis';
import type { SharedRates } from './rate-limiter.js';

/** By the clock of Redis, so that those of the processes need not agree. Whole milliseconds: Lua writes 14 digits of a number. */
const ADD = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local emptyAt = math.max(tonumber(redis.call('GET', KEYS[1])) or 0, now) + math.ceil(ARGV[1])
redis.call('SET', KEYS[1], emptyAt, 'PX', emptyAt - now)
return emptyAt - now`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    rateAdd(key: string, ms: number): Result<number, Context>;
  }
}

/** One key a caller, which expires when its bucket is empty. It is a digest: subjects and addresses are not kept in Redis. */
export class RedisRates implements SharedRates {
  constructor(private readonly redis: Redis | Cluster) {
    redis.defineCommand('rateAdd', { numberOfKeys: 1, lua: ADD });
    const logger = new Logger(RedisRates.name);
    redis.on('error', (error: Error) => logger.debug(`Redis: ${error.message}`));
  }

  async add(key: string, ms: number): Promise<number> {
    return await this.redis.rateAdd(`rate:${hash('sha256', key, 'base64url')}`, ms);
  }

  close(): Promise<void> {
    this.redis.disconnect();
    return Promise.resolve();
  }
}
