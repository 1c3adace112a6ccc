import { setImmediate } from 'node:timers/promises';
import { DatabaseUnavailableError } from '../../database/database.js';
import { CoalescedReads } from './coalesced-reads.js';

interface Sent {
  readonly keys: string[];
  readonly deadline: number;
  readonly answer: (values?: Record<string, string>) => void;
  readonly fail: (error: Error) => void;
}

/** Twice, as what follows an answer asks for a tick of its own. */
async function tick(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** Reads whose answers the test gives. */
function reading(places?: number, most?: number) {
  const sent: Sent[] = [];
  const reads = new CoalescedReads<string>(
    async (keys, deadline) => {
      const { promise, resolve, reject } = Promise.withResolvers<Map<string, string>>();
      sent.push({ keys, deadline, answer: (values = {}) => resolve(new Map(Object.entries(values))), fail: reject });
      return await promise;
    },
    (key) => `no ${key}`,
    places,
    most,
  );
  const read = (key: string, deadline = 1000) => reads.read(key, deadline);
  const keys = () => sent.map((one) => one.keys);
  const at = (index: number): Sent => {
    const one = sent[index];
    if (!one) throw new Error(`There is no read ${index}.`);
    return one;
  };
  return { read, keys, at };
}

describe('Reads of one tick', () => {
  it('leave together in one read', async () => {
    const { read, keys, at } = reading();
    const answers = Promise.all([read('a'), read('b')]);
    expect(keys()).toEqual([]);
    await tick();
    expect(keys()).toEqual([['a', 'b']]);
    at(0).answer({ b: 'B', a: 'A' });
    expect(await answers).toEqual(['A', 'B']);
  });

  it('leave together though some come after a promise was kept', async () => {
    const { read, keys, at } = reading();
    const answers = Promise.all([read('a'), Promise.resolve().then(() => read('b'))]);
    await tick();
    expect(keys()).toEqual([['a', 'b']]);
    at(0).answer();
    await answers;
  });

  it('of one key ask once and share the answer', async () => {
    const { read, keys, at } = reading();
    const answers = Promise.all([read('a'), read('b'), read('a')]);
    await tick();
    expect(keys()).toEqual([['a', 'b']]);
    at(0).answer({ a: 'A', b: 'B' });
    expect(await answers).toEqual(['A', 'B', 'A']);
  });

  it('get the answer for what is missing where nothing was found', async () => {
    const { read, at } = reading();
    const answers = Promise.all([read('a'), read('b')]);
    await tick();
    at(0).answer({ b: 'B' });
    expect(await answers).toEqual(['no a', 'B']);
  });

  it('are sent with the earliest of their deadlines', async () => {
    const { read, at } = reading();
    const answers = Promise.all([read('a', 3000), read('b', 2000), read('c', 4000)]);
    await tick();
    expect(at(0).deadline).toBe(2000);
    at(0).answer();
    await answers;
  });
});

describe('A read that was sent', () => {
  it('is joined by nobody, for it may be older than a write the newcomer knows of', async () => {
    const { read, keys, at } = reading();
    const early = read('a');
    await tick();
    const late = read('a');
    await tick();
    expect(keys()).toEqual([['a'], ['a']]);
    at(1).answer({ a: 'new' });
    at(0).answer({ a: 'old' });
    expect(await Promise.all([early, late])).toEqual(['old', 'new']);
  });

  it('reads again once it is answered: no answer is kept', async () => {
    const { read, keys, at } = reading();
    const first = read('a');
    await tick();
    at(0).answer({ a: 'old' });
    await first;
    const second = read('a');
    await tick();
    expect(keys()).toEqual([['a'], ['a']]);
    at(1).answer({ a: 'new' });
    expect(await second).toBe('new');
  });
});

describe('A read that fails', () => {
  it('fails for all who wait for it, and for nobody after them', async () => {
    const { read, at } = reading();
    const answers = Promise.allSettled([read('a'), read('a'), read('b')]);
    await tick();
    const failure = new DatabaseUnavailableError('gone');
    at(0).fail(failure);
    expect(await answers).toEqual(Array(3).fill({ status: 'rejected', reason: failure }));

    const next = read('a');
    await tick();
    at(1).answer({ a: 'A' });
    expect(await next).toBe('A');
  });

  it('is sent again key by key when the database refused it: one of them may be the cause', async () => {
    const { read, keys, at } = reading();
    const answers = Promise.allSettled([read('a'), read('b')]);
    await tick();
    at(0).fail(new Error('refused'));
    await tick();
    at(1).fail(new Error('refused'));
    await tick();
    at(2).answer({ b: 'B' });
    expect(await answers).toEqual([
      { status: 'rejected', reason: new Error('refused') },
      { status: 'fulfilled', value: 'B' },
    ]);
    expect(keys()).toEqual([['a', 'b'], ['a'], ['b']]);
  });

  it('gives its place back', async () => {
    const { read, keys, at } = reading(1);
    const first = Promise.allSettled([read('a')]);
    await tick();
    const second = read('b');
    await tick();
    expect(keys()).toEqual([['a']]);
    at(0).fail(new Error('gone'));
    await first;
    await tick();
    expect(keys()).toEqual([['a'], ['b']]);
    at(1).answer({ b: 'B' });
    expect(await second).toBe('B');
  });

  it('fails for those who wait also when it throws at once', async () => {
    const reads = new CoalescedReads<string>(
      () => {
        throw new Error('at once');
      },
      () => '',
    );
    await expect(reads.read('a', 0)).rejects.toThrow('at once');
  });
});

describe('The places', () => {
  it('bound the reads under way, and what waits for one leaves together', async () => {
    const { read, keys, at } = reading(2);
    const answers: Promise<string>[] = [];
    for (const key of ['a', 'b', 'c', 'd', 'c']) {
      answers.push(read(key));
      await tick();
    }
    expect(keys()).toEqual([['a'], ['b']]);
    at(1).answer();
    await tick();
    expect(keys()).toEqual([['a'], ['b'], ['c', 'd']]);
    at(2).answer({ c: 'C' });
    at(0).answer();
    expect(await Promise.all(answers)).toEqual(['no a', 'no b', 'C', 'no d', 'C']);
  });

  it('bound the keys a read, and the rest leaves in the next places', async () => {
    const { read, keys, at } = reading(2, 2);
    const answers = Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => read(key)));
    await tick();
    expect(keys()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    await tick();
    expect(keys()).toHaveLength(2);
    at(0).answer();
    await tick();
    expect(keys()).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    at(1).answer();
    at(2).answer({ e: 'E' });
    expect(await answers).toEqual(['no a', 'no b', 'no c', 'no d', 'E']);
  });
});
