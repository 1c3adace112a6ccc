import { setImmediate } from 'node:timers/promises';
import { Turns } from './turns.js';

/** Work that starts at its turn and ends when the test says so. */
function piece(log: string[], name: string) {
  const end = Promise.withResolvers<string>();
  const work = async (last?: string) => {
    log.push(`${name} after ${last ?? 'nothing'}`);
    return { last: await end.promise, result: `result of ${name}` };
  };
  return { work, end };
}

/** The keys that are remembered; reading the private map is the only way to see that it does not grow. */
const remembered = (turns: Turns<string>) => [...(turns as unknown as { tails: Map<string, unknown> }).tails.keys()];

describe('Turns', () => {
  it('give each piece of work of a key its turn in the order of arrival, with what the one before left', async () => {
    const turns = new Turns<string>();
    const log: string[] = [];
    const pieces = ['first', 'second', 'third'].map((name) => ({ name, ...piece(log, name) }));
    const results = Promise.all(pieces.map(({ work }) => turns.take('a', work)));
    for (const [at, { name, end }] of pieces.entries()) {
      await setImmediate();
      expect(log).toHaveLength(at + 1);
      end.resolve(`state of ${name}`);
    }
    expect(await results).toEqual(['result of first', 'result of second', 'result of third']);
    expect(log).toEqual(['first after nothing', 'second after state of first', 'third after state of second']);
  });

  it('of different keys do not wait for each other', async () => {
    const turns = new Turns<string>();
    const log: string[] = [];
    const [one, other] = [piece(log, 'one'), piece(log, 'other')];
    const results = [turns.take('a', one.work), turns.take('b', other.work)];
    await setImmediate();
    expect(log).toEqual(['one after nothing', 'other after nothing']);
    other.end.resolve('');
    expect(await results[1]).toBe('result of other');
    one.end.resolve('');
    await results[0];
  });

  it('go on after a failure, which its own caller gets, and hand nothing over', async () => {
    const turns = new Turns<string>();
    const log: string[] = [];
    const [failing, next] = [piece(log, 'failing'), piece(log, 'next')];
    const failed = turns.take('a', failing.work);
    const done = turns.take('a', next.work);
    failing.end.reject(new Error('broken'));
    next.end.resolve('');
    await expect(failed).rejects.toThrow('broken');
    expect(await done).toBe('result of next');
    expect(log).toEqual(['failing after nothing', 'next after nothing']);
  });

  it('go on when work throws before it has begun to wait', async () => {
    const turns = new Turns<string>();
    const failed = turns.take('a', () => {
      throw new Error('at once');
    });
    const done = turns.take('a', () => Promise.resolve({ last: '', result: 'done' }));
    await expect(failed).rejects.toThrow('at once');
    expect(await done).toBe('done');
  });

  it('hand nothing over once nobody waits: what was left may be out of date by then', async () => {
    const turns = new Turns<string>();
    const log: string[] = [];
    for (const name of ['first', 'second']) {
      const { work, end } = piece(log, name);
      end.resolve(`state of ${name}`);
      await turns.take('a', work);
    }
    expect(log).toEqual(['first after nothing', 'second after nothing']);
  });

  it('are forgotten when the last one is over, also when it failed', async () => {
    const turns = new Turns<string>();
    const log: string[] = [];
    const [first, second] = [piece(log, 'first'), piece(log, 'second')];
    const results = Promise.allSettled([turns.take('a', first.work), turns.take('a', second.work)]);
    expect(remembered(turns)).toEqual(['a']);
    first.end.resolve('');
    await setImmediate();
    expect(remembered(turns)).toEqual(['a']);
    second.end.reject(new Error('broken'));
    await results;
    expect(remembered(turns)).toEqual([]);
  });
});
