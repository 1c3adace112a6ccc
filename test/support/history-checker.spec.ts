import { faultsIn } from './history-checker.js';
import type { History, Read, StoredEvent, Write } from './history-checker.js';

const BASKET = 'alice';

const write = (effect: string, start: number, end: number, version: number): Write => ({
  basket: BASKET,
  ...{ effect, start, end, version, told: 'acknowledged' },
});
const untold = (effect: string, start: number, told: 'refused' | 'nothing' = 'nothing'): Write => ({
  basket: BASKET,
  ...{ effect, start, end: start + 1, told },
});
const read = (start: number, end: number, version: number, content?: string): Read => ({
  basket: BASKET,
  ...{ start, end, version },
  ...(content === undefined ? {} : { content }),
});
/** The opening of the basket, and these effects behind it. */
const events = (...effects: string[]): StoredEvent[] => [
  { version: 1, effect: undefined },
  ...effects.map((effect, at) => ({ version: at + 2, effect })),
];
const check = (stored: readonly StoredEvent[], writes: readonly Write[], reads: readonly Read[] = []) =>
  faultsIn({ writes, reads, stored: new Map([[BASKET, stored]]) });

describe('A history', () => {
  const good: Readonly<Record<string, History>> = {
    'of nothing': { writes: [], reads: [], stored: new Map() },
    'of writes one after the other, with reads of each version': {
      writes: [write('a', 0, 1, 2), write('b', 2, 3, 3)],
      reads: [read(0, 0.5, 0), read(0, 0.5, 2), read(1.5, 2.5, 2), read(2.5, 2.7, 3), read(4, 5, 3)],
      stored: new Map([[BASKET, events('a', 'b')]]),
    },
    'of concurrent writes in any order': {
      writes: [write('a', 0, 9, 3), write('b', 1, 2, 2)],
      reads: [],
      stored: new Map([[BASKET, events('b', 'a')]]),
    },
    'whose unanswered writes are there or not': {
      writes: [untold('a', 0), untold('b', 0), write('c', 0, 9, 3)],
      reads: [read(3, 4, 2)],
      stored: new Map([[BASKET, events('a', 'c')]]),
    },
    'whose unanswered write took effect long after its client had gone': {
      writes: [untold('a', 0), write('b', 5, 6, 2)],
      reads: [],
      stored: new Map([[BASKET, events('b', 'a')]]),
    },
    'with a refused write that is not there': {
      writes: [untold('a', 0, 'refused'), write('b', 0, 1, 2)],
      reads: [],
      stored: new Map([[BASKET, events('b')]]),
    },
    'of baskets that do not know of each other': {
      writes: [write('a', 0, 1, 2), { ...write('b', 2, 3, 2), basket: 'bob' }],
      reads: [{ ...read(1.5, 1.7, 0), basket: 'bob' }],
      stored: new Map([
        [BASKET, events('a')],
        ['bob', events('b')],
      ]),
    },
  };

  it.each(Object.entries(good))('%s is as promised', (_, history) => {
    expect(faultsIn(history)).toEqual([]);
  });

  it.each<[string, string[], string]>([
    ['a lost write', check(events('a'), [write('a', 0, 1, 2), write('b', 2, 3, 3)]), 'b was acknowledged and is lost'],
    [
      'a write of a basket that is gone',
      faultsIn({ writes: [write('a', 0, 1, 2)], reads: [], stored: new Map() }),
      'lost',
    ],
    ['a write present twice', check(events('a', 'a'), [write('a', 0, 1, 2)]), 'a is there 2 times'],
    ['an unanswered write present twice', check(events('a', 'a'), [untold('a', 0)]), 'a is there 2 times'],
    [
      'a version gap',
      check([...events('a'), { version: 4, effect: 'b' }], [write('a', 0, 1, 2), write('b', 2, 3, 4)]),
      'the version in place 3 is 4',
    ],
    [
      'a version that is stored twice',
      check([...events('a'), { version: 2, effect: 'b' }], [write('a', 0, 1, 2), untold('b', 0)]),
      'the version in place 3 is 2',
    ],
    [
      'a version reversed against real time',
      check(events('b', 'a'), [write('a', 0, 1, 3), write('b', 2, 3, 2)]),
      'b as 2 began when 3 had been acknowledged',
    ],
    [
      'an unanswered write put before what was acknowledged when it began',
      check(events('b', 'a'), [write('a', 0, 1, 3), untold('b', 2)]),
      'b as 2 began when 3 had been acknowledged',
    ],
    [
      'a read below an acknowledged version',
      check(events('a'), [write('a', 0, 1, 2)], [read(1.5, 2, 1)]),
      'a read of 1 began when 2 had been acknowledged',
    ],
    [
      'a read of nothing below an acknowledged version, long after it',
      check(events('a', 'b'), [write('a', 0, 1, 2), write('b', 2, 3, 3)], [read(50, 51, 0)]),
      'a read of 0 began when 3 had been acknowledged',
    ],
    [
      'two acknowledged writes with one version',
      check(events('a'), [write('a', 0, 1, 2), write('b', 0, 1, 2)]),
      'version 2 was acknowledged twice',
    ],
    ['an acknowledged version that is not the stored one', check(events('a'), [write('a', 0, 1, 7)]), 'as 7 and is 2'],
    ['the effect of a refused write', check(events('a'), [untold('a', 0, 'refused')]), 'a was refused and is there'],
    ['an effect that nobody asked for', check(events('a'), []), 'nobody asked for a'],
    ['a read of what is not stored', check(events('a'), [write('a', 0, 1, 2)], [read(0, 1, 3)]), 'which is not stored'],
    [
      'a read of what nobody had asked for yet',
      check(events('a'), [write('a', 5, 6, 2)], [read(0, 1, 2)]),
      'a read of 2 before anybody asked for it',
    ],
    [
      'a version that was shown in two ways',
      check(events('a'), [write('a', 0, 1, 2)], [read(2, 3, 2, 'one'), read(2, 3, 2, 'other')]),
      'version 2 was shown in two ways',
    ],
  ])('with %s is not', (_, faults, expected) => {
    expect(faults).toContainEqual(expect.stringContaining(expected));
  });
});
