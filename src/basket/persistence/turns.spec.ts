import { setImmediate } from 'node:timers/promises';
import { Turns } from './turns.js';
import type { Turn } from './turns.js';

type Waiting = readonly Turn<string, string>[];
type Served = { served: number; last: string | undefined };

/** Each service starts when it is its turn and ends when the test says so. */
function serving() {
  const log: string[] = [];
  const ends: ((end: (waiting: Waiting) => Served) => void)[] = [];
  const turns = new Turns<string, string, string>(async (waiting, last) => {
    log.push(`${waiting.map(({ item }) => item).join(' ')} after ${last ?? 'nothing'}`);
    const { promise, resolve } = Promise.withResolvers<(waiting: Waiting) => Served>();
    ends.push(resolve);
    return (await promise)(waiting);
  });
  /** Those who are served, as many as are asked for, are told so; what is left is named after the last of them. */
  const serve = async (count = 1) => {
    const end = ends.shift();
    if (!end) throw new Error('Nobody is served.');
    end((waiting) => {
      for (const { item, resolve } of waiting.slice(0, count)) resolve(`result of ${item}`);
      return { served: count, last: waiting[count - 1]?.item };
    });
    await setImmediate();
  };
  const fail = async () => {
    ends.shift()?.(([first]) => {
      first?.reject(new Error('broken'));
      return { served: 1, last: undefined };
    });
    await setImmediate();
  };
  return { turns, log, serve, fail };
}

/** The keys that are remembered; reading the private map is the only way to see that it does not grow. */
const remembered = (turns: object) => [...(turns as { queues: Map<string, unknown> }).queues.keys()];

describe('Turns', () => {
  it('serve those of one key in the order of arrival, with what was left before', async () => {
    const { turns, log, serve } = serving();
    const results = Promise.all(['one', 'two', 'three'].map((item) => turns.take('a', item)));
    for (let n = 0; n < 3; n++) await serve();
    expect(await results).toEqual(['result of one', 'result of two', 'result of three']);
    expect(log).toEqual(['one after nothing', 'two three after one', 'three after two']);
  });

  it('show all who have come meanwhile, so that some can be served together', async () => {
    const { turns, log, serve } = serving();
    const results = ['one', 'two', 'three'].map((item) => turns.take('a', item));
    await serve();
    results.push(turns.take('a', 'four'));
    await serve(2);
    await serve();
    expect(await Promise.all(results)).toEqual(['one', 'two', 'three', 'four'].map((item) => `result of ${item}`));
    expect(log).toEqual(['one after nothing', 'two three after one', 'four after three']);
  });

  it('of different keys do not wait for each other', async () => {
    const { turns, log, serve } = serving();
    const results = Promise.all([turns.take('a', 'one'), turns.take('b', 'other')]);
    expect(log).toEqual(['one after nothing', 'other after nothing']);
    await serve();
    await serve();
    expect(await results).toEqual(['result of one', 'result of other']);
  });

  it('go on after a failure, which its own caller gets, and hand nothing over', async () => {
    const { turns, log, serve, fail } = serving();
    const failed = turns.take('a', 'failing');
    const done = turns.take('a', 'next');
    const failure = expect(failed).rejects.toThrow('broken');
    await fail();
    await failure;
    await serve();
    expect(await done).toBe('result of next');
    expect(log).toEqual(['failing after nothing', 'next after nothing']);
  });

  it('hand nothing over once nobody waits: what was left may be out of date by then', async () => {
    const { turns, log, serve } = serving();
    for (const item of ['one', 'two']) {
      const result = turns.take('a', item);
      await serve();
      await result;
    }
    expect(log).toEqual(['one after nothing', 'two after nothing']);
  });

  it('are forgotten when the last one is over, also when it failed', async () => {
    const { turns, serve, fail } = serving();
    const results = Promise.allSettled([turns.take('a', 'one'), turns.take('a', 'two')]);
    expect(remembered(turns)).toEqual(['a']);
    await serve();
    expect(remembered(turns)).toEqual(['a']);
    await fail();
    await results;
    expect(remembered(turns)).toEqual([]);
  });
});
