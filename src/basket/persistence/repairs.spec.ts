import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Repairs } from './repairs.js';

const INTERVAL_MS = 250;

/** Repairs of a cache that fails for as long as the test says. */
function repairing() {
  const attempts: [string, number][] = [];
  const cache = { broken: new Set<string>(), answer: Promise.resolve() };
  const repairs = new Repairs(async (userName, version) => {
    attempts.push([userName, version]);
    await cache.answer;
    if (cache.broken.has(userName)) throw new Error('no answer');
  });
  return { repairs, attempts, cache };
}

/** No time passes. */
const settled = () => jest.advanceTimersByTimeAsync(0);

const interval = (times = 1) => jest.advanceTimersByTimeAsync(times * INTERVAL_MS);

describe('A write that the cache was not told of', () => {
  let debug: jest.SpiedFunction<Logger['debug']>;

  beforeEach(() => {
    jest.useFakeTimers();
    debug = jest.spyOn(Logger.prototype, 'debug').mockImplementation(() => undefined);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('is kept in mind until the cache was told', async () => {
    const { repairs, attempts } = repairing();
    repairs.add('alice', 7);
    expect(repairs.has('alice')).toBe(true);
    expect(repairs.has('bob')).toBe(false);
    expect(attempts).toEqual([['alice', 7]]);
    await settled();
    expect(repairs.has('alice')).toBe(false);
    await interval(3);
    expect(attempts).toHaveLength(1);
  });

  it('is tried again for as long as the cache does not answer', async () => {
    const { repairs, attempts, cache } = repairing();
    cache.broken.add('alice');
    repairs.add('alice', 7);
    await interval(2);
    expect(attempts).toHaveLength(3);
    expect(debug).toHaveBeenCalledWith('The cache cannot be repaired yet: no answer');
    expect(repairs.has('alice')).toBe(true);
    cache.broken.clear();
    await interval();
    expect(repairs.has('alice')).toBe(false);
  });

  it('counts by its newest version, in whatever order the writes are told', async () => {
    const { repairs, attempts, cache } = repairing();
    cache.broken.add('alice');
    for (const version of [7, 9, 8]) repairs.add('alice', version);
    expect(attempts).toEqual([
      ['alice', 7],
      ['alice', 9],
    ]);
    await interval();
    expect(attempts.slice(2)).toEqual([['alice', 9]]);
    repairs.stop();
  });

  it('is sent at once, also while an older one is under way', async () => {
    const { repairs, attempts, cache } = repairing();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    cache.answer = promise as Promise<unknown> as Promise<void>;
    repairs.add('alice', 7);
    repairs.add('alice', 8);
    const both = [
      ['alice', 7],
      ['alice', 8],
    ];
    expect(attempts).toEqual(both);
    resolve(undefined);
    await interval();
    expect(attempts).toEqual(both);
    expect(repairs.has('alice')).toBe(false);
  });

  it('is not forgotten when an older one was repaired', async () => {
    const { repairs, attempts, cache } = repairing();
    repairs.add('alice', 7);
    cache.broken.add('alice');
    const { promise, resolve } = Promise.withResolvers<undefined>();
    cache.answer = promise as Promise<unknown> as Promise<void>;
    repairs.add('alice', 8);
    await settled();
    expect(repairs.has('alice')).toBe(true);
    resolve(undefined);
    await interval();
    expect(attempts.slice(2)).toEqual([['alice', 8]]);
    repairs.stop();
  });

  it('is sent again when told to, without an interval', async () => {
    const { repairs, attempts, cache } = repairing();
    cache.broken.add('alice');
    repairs.add('alice', 7);
    await settled();
    cache.broken.clear();
    repairs.sendAll();
    await settled();
    expect(attempts).toHaveLength(2);
    expect(repairs.has('alice')).toBe(false);
  });

  it('is not sent twice while the cache is slow to answer', async () => {
    const { repairs, attempts, cache } = repairing();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    cache.answer = promise as Promise<unknown> as Promise<void>;
    repairs.add('alice', 7);
    await interval(5);
    expect(attempts).toHaveLength(1);
    resolve(undefined);
    await interval();
    expect(attempts).toHaveLength(1);
    expect(repairs.has('alice')).toBe(false);
  });

  it('is repaired though another one cannot be', async () => {
    const { repairs, cache } = repairing();
    cache.broken.add('alice');
    repairs.add('alice', 7);
    repairs.add('bob', 3);
    await interval(2);
    expect(repairs.has('alice')).toBe(true);
    expect(repairs.has('bob')).toBe(false);
    repairs.stop();
  });

  it('gets its turn though more than may be under way cannot be repaired', async () => {
    const { repairs, attempts, cache } = repairing();
    for (let n = 0; n < 1500; n++) {
      cache.broken.add(`broken-${n}`);
      repairs.add(`broken-${n}`, 1);
    }
    repairs.add('bob', 3);
    expect(attempts).toHaveLength(1000);
    await interval();
    expect(repairs.has('bob')).toBe(false);
    expect(repairs.has('broken-0')).toBe(true);
    repairs.stop();
  });

  it('waits when more are under way than the cache should hold, and goes on when they are answered', async () => {
    const { repairs, attempts, cache } = repairing();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    cache.answer = promise as Promise<unknown> as Promise<void>;
    for (let n = 0; n < 1500; n++) repairs.add(`user-${n}`, 1);
    await interval(10);
    expect(attempts).toHaveLength(1000);
    resolve(undefined);
    await interval();
    expect(attempts).toHaveLength(1500);
    expect(repairs.has('user-1499')).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('takes no timer when there is none left, and a new one for the next', async () => {
    const { repairs, attempts } = repairing();
    repairs.add('alice', 7);
    await settled();
    expect(jest.getTimerCount()).toBe(0);
    repairs.add('alice', 8);
    await settled();
    expect(attempts).toHaveLength(2);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not tried any more after a stop', async () => {
    const { repairs, attempts, cache } = repairing();
    cache.broken.add('alice');
    repairs.add('alice', 7);
    repairs.stop();
    await interval(3);
    expect(attempts).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives way, with an error in the log, when there are more than memory should hold', () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const { repairs, cache } = repairing();
    cache.answer = new Promise(() => undefined);
    for (let n = 0; n < 100_000; n++) repairs.add(`user-${n}`, 1);
    expect(error).not.toHaveBeenCalled();
    repairs.add('one-more', 1);
    expect(error.mock.calls).toEqual([
      ['Too many writes wait to be repaired in the cache; an old basket may be served until it expires.'],
    ]);
    expect(repairs.has('user-0')).toBe(false);
    expect(repairs.has('user-1')).toBe(true);
    expect(repairs.has('one-more')).toBe(true);
    repairs.stop();
  });
});
