import { RateLimiter } from './rate-limiter.js';
import type { SharedRates } from './rate-limiter.js';

/** A clock that the test moves, in milliseconds. */
class Clock {
  time = 1e6;
  readonly now = () => this.time;
  pass(ms: number): void {
    this.time += ms;
  }
}

/** What Redis does, by the same clock. */
class Rates implements SharedRates {
  readonly emptyAt = new Map<string, number>();
  calls = 0;
  isDown = false;

  constructor(private readonly clock: Clock) {}

  add(key: string, ms: number): Promise<number> {
    this.calls++;
    if (this.isDown) return Promise.reject(new Error('down'));
    const emptyAt = Math.max(this.emptyAt.get(key) ?? 0, this.clock.now()) + ms;
    this.emptyAt.set(key, emptyAt);
    return Promise.resolve(emptyAt - this.clock.now());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const settled = () => new Promise(setImmediate);
const takeAll = (limiter: RateLimiter, key: string, times: number) =>
  Array.from({ length: times }, () => limiter.take(key)).filter((wait) => wait === 0).length;

describe('A caller', () => {
  it('has the requests of a minute, at once or one by one, and is told when the next one will do', () => {
    const clock = new Clock();
    const limiter = new RateLimiter(60, undefined, clock.now);
    expect(takeAll(limiter, 'a', 100)).toBe(60);
    expect(limiter.take('a')).toBe(1);
    clock.pass(1000);
    expect([limiter.take('a'), limiter.take('a')]).toEqual([0, 1]);
    clock.pass(59_000);
    expect(takeAll(limiter, 'a', 100)).toBe(59);
    clock.pass(60_000 * 60);
    expect(takeAll(limiter, 'a', 100)).toBe(60);
  });

  it('waits as long as it is told, if the limit is low', () => {
    const clock = new Clock();
    const limiter = new RateLimiter(1, undefined, clock.now);
    expect([limiter.take('a'), limiter.take('a'), limiter.wait('a')]).toEqual([0, 60, 60]);
    clock.pass(59_500);
    expect(limiter.take('a')).toBe(1);
    clock.pass(500);
    expect(limiter.take('a')).toBe(0);
  });

  it('is not counted for others, nor when it only asks', () => {
    const limiter = new RateLimiter(3, undefined, new Clock().now);
    expect(takeAll(limiter, 'a', 9)).toBe(3);
    expect(limiter.wait('b')).toBe(0);
    expect(takeAll(limiter, 'b', 9)).toBe(3);
    expect(limiter.wait('b')).toBe(20);
  });
});

describe('Several processes', () => {
  const processes = (count: number, perMinute: number) => {
    const clock = new Clock();
    const rates = new Rates(clock);
    return { clock, rates, all: Array.from({ length: count }, () => new RateLimiter(perMinute, rates, clock.now)) };
  };
  /** Each process gets a request in turn. */
  const alternate = async (all: readonly RateLimiter[], times: number) => {
    let taken = 0;
    for (let n = 0; n < times; n++) {
      for (const limiter of all) if (limiter.take('a') === 0) taken++;
      await settled();
    }
    return taken;
  };

  it('let a caller be over the limit by one step each at most', async () => {
    const { all, rates } = processes(3, 600);
    const taken = await alternate(all, 600);
    expect(taken).toBeGreaterThanOrEqual(600);
    expect(taken).toBeLessThanOrEqual(600 + 3 * 30);
    // A step is 30 requests: one command for so many.
    expect(rates.calls).toBeLessThanOrEqual(Math.ceil(taken / 30));
  });

  it('that do not know of each other let it have all of the limit each: the control', async () => {
    const all = Array.from({ length: 3 }, () => new RateLimiter(600, undefined, new Clock().now));
    expect(await alternate(all, 600)).toBe(1800);
  });

  it('count each for itself while Redis is down, do not ask it all the time, and tell it later', async () => {
    const { all, rates, clock } = processes(1, 600);
    const [limiter] = all as [RateLimiter];
    rates.isDown = true;
    expect(await alternate(all, 300)).toBe(300);
    expect(rates.calls).toBe(1);
    rates.isDown = false;
    clock.pass(1000);
    limiter.take('a');
    await settled();
    expect(rates.calls).toBe(2);
    expect((rates.emptyAt.get('a') ?? 0) - clock.now()).toBe(301 * 100);
  });
});
