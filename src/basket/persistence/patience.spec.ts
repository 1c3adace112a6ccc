import { setTimeout } from 'node:timers/promises';
import { Patience } from './patience.js';

const block = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

describe('Patience', () => {
  const patience = new Patience();

  it('gives what comes in time, and what is refused', async () => {
    expect(await patience.for(Promise.resolve(1), 40)).toBe(1);
    expect(await patience.for(setTimeout(10, 2), 1000)).toBe(2);
    await expect(patience.for(Promise.reject(new Error('no')), 1000)).rejects.toThrow('no');
  });

  it('gives up what takes too long, and does not mind what becomes of it', async () => {
    const start = performance.now();
    const late = Promise.withResolvers<number>();
    await expect(patience.for(late.promise, 60)).rejects.toThrow('in time');
    expect(performance.now() - start).toBeGreaterThanOrEqual(60);
    const next = Promise.withResolvers<number>();
    const other = patience.for(next.promise, 10_000);
    late.reject(new Error('later'));
    await setTimeout(5);
    next.resolve(3);
    expect(await other).toBe(3);
  });

  it('gives up each at its own time', async () => {
    const never = Promise.withResolvers<never>().promise;
    const order: string[] = [];
    const wait = (name: string, ms: number) => patience.for(never, ms).catch(() => order.push(name));
    await Promise.all([wait('long', 150), wait('short', 30), wait('middle', 90)]);
    expect(order).toEqual(['short', 'middle', 'long']);
  });

  it('has a standstill of this process count as one turn', async () => {
    const answer = Promise.withResolvers<number>();
    const waited = patience.for(answer.promise, 100);
    await setTimeout(5);
    block(300);
    globalThis.setTimeout(() => answer.resolve(4), 20);
    expect(await waited).toBe(4);
  });
});
