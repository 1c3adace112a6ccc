import type { Cluster, Redis, Result } from 'ioredis';

// GETRANGE reads the head of the place only: a version and its colon, or a whole lease.
// What is put or dropped is also announced, on the channel that is named like its key, unless the place shows that
// it was before. pcall: a Redis that does not let us publish is still a cache.

const FILL = `
if redis.call('GETRANGE', KEYS[1], 0, 63) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0`;

const PUT = `
local place = redis.call('GETRANGE', KEYS[1], 0, 63)
local version = string.match(place, '^(%d+):')
if version and tonumber(version) > tonumber(ARGV[3]) then return end
if version and tonumber(version) < tonumber(ARGV[3]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif not version and place ~= '' then
  redis.call('DEL', KEYS[1])
end
redis.pcall('PUBLISH', KEYS[1], ARGV[3])`;

const DROP = `
local place = redis.call('GETRANGE', KEYS[1], 0, 63)
local version = string.match(place, '^(%d+):')
if version and tonumber(version) >= tonumber(ARGV[1]) then return end
if place ~= '' then redis.call('DEL', KEYS[1]) end
redis.pcall('PUBLISH', KEYS[1], ARGV[1])`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** Sets the value if the lease is in its place; answers whether it was. */
    basketFill(key: string, lease: string, value: string, expiryMs: number): Result<0 | 1, Context>;
    /** Sets the value over something older, ends a lease, and announces the version. */
    basketPut(key: string, value: string, expiryMs: number, version: number): Result<unknown, Context>;
    /** Removes what is older than the version, and any lease, and announces the version. */
    basketDrop(key: string, version: number): Result<unknown, Context>;
  }
}

/** Where the basket of a user is cached. */
export const keyOf = (userName: string): string => `basket:${userName}`;

/** Where its versions are announced. */
export const channelOf = keyOf;

export const userOf = (channel: string): string => channel.slice(keyOf('').length);

export function defineBasketCommands(redis: Redis | Cluster): void {
  redis.defineCommand('basketFill', { numberOfKeys: 1, lua: FILL });
  redis.defineCommand('basketPut', { numberOfKeys: 1, lua: PUT });
  redis.defineCommand('basketDrop', { numberOfKeys: 1, lua: DROP });
}
