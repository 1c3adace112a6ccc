import { setImmediate } from 'node:timers/promises';
import { Batches } from './batches.js';
import { DatabaseUnavailableError, SerializationError } from './database.js';

interface Sent {
  readonly items: readonly string[];
  readonly deadline: number;
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** Twice, as what follows an answer asks for a tick of its own. */
async function tick(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** Batches whose answers the test gives: each item in capitals. */
function sending(places = 1, most = 3) {
  const sent: Sent[] = [];
  const batches = new Batches<string, string>(
    async (items, deadline) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      const answer = () => resolve(items.map((item) => item.toUpperCase()));
      sent.push({ items, deadline, answer, fail: reject });
      return await promise;
    },
    places,
    most,
  );
  return {
    add: (item: string, deadline = 1000) => batches.add(item, deadline),
    addAll: (...items: string[]) => Promise.allSettled(items.map((item) => batches.add(item, 1000))),
    items: () => sent.map((one) => one.items),
    at: (index: number): Sent => {
      const one = sent[index];
      if (!one) throw new Error(`There is no batch ${index}.`);
      return one;
    },
  };
}

const fulfilled = (...values: string[]) => values.map((value) => ({ status: 'fulfilled', value }));

describe('Batches', () => {
  it('send what comes in one tick at once, in its order, by the earliest deadline', async () => {
    const { add, at, items } = sending();
    const answers = Promise.all([add('a', 3000), add('b', 2000), Promise.resolve().then(() => add('c', 4000))]);
    await tick();
    expect(items()).toEqual([['a', 'b', 'c']]);
    expect(at(0).deadline).toBe(2000);
    at(0).answer();
    expect(await answers).toEqual(['A', 'B', 'C']);
  });

  it('keep what comes while the places are taken for the next batch, and no batch is larger than it may be', async () => {
    const { addAll, at, items } = sending();
    const first = addAll('a');
    await tick();
    const later = addAll('b', 'c', 'd', 'e');
    await tick();
    expect(items()).toEqual([['a']]);
    at(0).answer();
    await tick();
    expect(items()).toEqual([['a'], ['b', 'c', 'd']]);
    at(1).answer();
    await tick();
    expect(items()).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
    at(2).answer();
    expect([...(await first), ...(await later)]).toEqual(fulfilled('A', 'B', 'C', 'D', 'E'));
  });

  it.each([new Error('refused'), new SerializationError('lost')])(
    'send one by one what the database refused with %p, so that one fails alone',
    async (refusal) => {
      const { addAll, at, items } = sending();
      const answers = addAll('a', 'b', 'c');
      await tick();
      at(0).fail(refusal);
      await tick();
      at(1).answer();
      await tick();
      at(2).fail(refusal);
      await tick();
      at(3).answer();
      expect(await answers).toEqual([
        { status: 'fulfilled', value: 'A' },
        { status: 'rejected', reason: refusal },
        { status: 'fulfilled', value: 'C' },
      ]);
      expect(items()).toEqual([['a', 'b', 'c'], ['a'], ['b'], ['c']]);
    },
  );

  it('do not send again what may have taken effect', async () => {
    const { addAll, at, items } = sending();
    const answers = addAll('a', 'b');
    await tick();
    const reason = new DatabaseUnavailableError('gone');
    at(0).fail(reason);
    expect(await answers).toEqual(Array(2).fill({ status: 'rejected', reason }));
    expect(items()).toHaveLength(1);
  });

  it('take their place back after a failure', async () => {
    const { add, addAll, at } = sending();
    const failing = addAll('a');
    await tick();
    at(0).fail(new Error('refused'));
    await failing;
    const next = add('b');
    await tick();
    at(1).answer();
    expect(await next).toBe('B');
  });
});
