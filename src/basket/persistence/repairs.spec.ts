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
    await interval();
    expect(attempts).toEqual([['alice', 7]]);
    expect(repairs.has('alice')).toBe(false);
  });

  it('is tried again for as long as the cache does not answer', async () => {
    const { repairs, attempts, cache } = repairing();
    cache.broken.add('alice');
    repairs.add('alice', 7);
    await interval(3);
    expect(attempts).toHaveLength(3);
    expect(debug).toHaveBeenCalledWith('The cache cannot be repaired yet: no answer');
    expect(repairs.has('alice')).toBe(true);
    cache.broken.clear();
    await interval();
    expect(repairs.has('alice')).toBe(false);
  });

  it('counts by its newest version, in whatever order the writes are told', async () => {
    const { repairs, attempts } = repairing();
    for (const version of [7, 9, 8]) repairs.add('alice', version);
    await interval();
    expect(attempts).toEqual([['alice', 9]]);
  });

  it('is not forgotten when it comes while an older one is being repaired', async () => {
    const { repairs, attempts, cache } = repairing();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    cache.answer = promise as Promise<unknown> as Promise<void>;
    repairs.add('alice', 7);
    await interval();
    repairs.add('alice', 8);
    resolve(undefined);
    await interval();
    expect(attempts).toEqual([
      ['alice', 7],
      ['alice', 8],
    ]);
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

  it('gets its turn though more than one run tries cannot be repaired', async () => {
    const { repairs, attempts, cache } = repairing();
    for (let n = 0; n < 25; n++) {
      cache.broken.add(`broken-${n}`);
      repairs.add(`broken-${n}`, 1);
    }
    repairs.add('bob', 3);
    await interval();
    expect(attempts).toHaveLength(10);
    await interval(3);
    expect(repairs.has('bob')).toBe(false);
    expect(repairs.has('broken-0')).toBe(true);
    repairs.stop();
  });

  it('is tried with the newest version after one that failed meanwhile', async () => {
    const { repairs, attempts, cache } = repairing();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    cache.answer = promise as Promise<unknown> as Promise<void>;
    cache.broken.add('alice');
    repairs.add('alice', 7);
    await interval();
    repairs.add('alice', 9);
    resolve(undefined);
    await interval();
    expect(attempts).toEqual([
      ['alice', 7],
      ['alice', 9],
    ]);
    repairs.stop();
  });

  it('takes no timer when there is none left, and a new one for the next', async () => {
    const { repairs, attempts } = repairing();
    repairs.add('alice', 7);
    await interval();
    expect(jest.getTimerCount()).toBe(0);
    repairs.add('alice', 8);
    await interval();
    expect(attempts).toHaveLength(2);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not tried any more after a stop', async () => {
    const { repairs, attempts } = repairing();
    repairs.add('alice', 7);
    repairs.stop();
    await interval(3);
    expect(attempts).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives way, with an error in the log, when there are more than memory should hold', () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const { repairs } = repairing();
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
