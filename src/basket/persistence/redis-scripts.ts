import type { Cluster, Redis, Result } from 'ioredis';

// GETRANGE reads the head of the place only: a version and its colon, or a whole lease.

const FILL = `
if redis.call('GETRANGE', KEYS[1], 0, 63) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0`;

const PUT = `
local place = redis.call('GETRANGE', KEYS[1], 0, 63)
if place == '' then return end
local version = string.match(place, '^(%d+):')
if not version then
  redis.call('DEL', KEYS[1])
elseif tonumber(version) < tonumber(ARGV[3]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end`;

const DROP = `
local place = redis.call('GETRANGE', KEYS[1], 0, 63)
if place == '' then return end
local version = string.match(place, '^(%d+):')
if not version or tonumber(version) < tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** Sets the value if the lease is in its place; answers whether it was. */
    basketFill(key: string, lease: string, value: string, expiryMs: number): Result<0 | 1, Context>;
    /** Sets the value over something older, and ends a lease. */
    basketPut(key: string, value: string, expiryMs: number, version: number): Result<unknown, Context>;
    /** Removes what is older than the version, and any lease. */
    basketDrop(key: string, version: number): Result<unknown, Context>;
  }
}

export function defineBasketCommands(redis: Redis | Cluster): void {
  redis.defineCommand('basketFill', { numberOfKeys: 1, lua: FILL });
  redis.defineCommand('basketPut', { numberOfKeys: 1, lua: PUT });
  redis.defineCommand('basketDrop', { numberOfKeys: 1, lua: DROP });
}
