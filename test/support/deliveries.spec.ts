import { checkDeliveries } from './deliveries.js';
import type { Delivery } from './deliveries.js';

const stored = new Map([
  ['a', ['a1', 'a2', 'a3']],
  ['b', ['b1', 'b2']],
]);

/** Deliveries by the ids of their events. */
const history = (...ids: string[]): Delivery[] =>
  ids.map((id) => ({ messageId: id, eventId: id, stream: id.slice(0, 1), version: Number(id.slice(1)) }));
const check = (...ids: string[]) => checkDeliveries(stored, history(...ids));

describe('The check of deliveries', () => {
  it('accepts all events once, baskets among each other', () => {
    expect(check('a1', 'b1', 'a2', 'b2', 'a3')).toEqual({ faults: [], repeats: 0 });
  });

  it('accepts repeats of what was delivered, and counts them', () => {
    expect(check('a1', 'a2', 'a1', 'a2', 'a3', 'b1', 'b1', 'b2')).toEqual({ faults: [], repeats: 3 });
  });

  it.each([
    ['a lost event in the middle', ['a1', 'a3', 'b1', 'b2'], ['a 3 came behind 1', 'a 2 is lost']],
    ['a lost event at the end', ['a1', 'a2', 'b1', 'b2'], ['a 3 is lost']],
    ['a lost basket', ['a1', 'a2', 'a3'], ['b 1 is lost', 'b 2 is lost']],
    ['no delivery at all', [], ['a 1 is lost', 'a 2 is lost', 'a 3 is lost', 'b 1 is lost', 'b 2 is lost']],
    ['two events the wrong way round', ['a2', 'a1', 'a3', 'b1', 'b2'], ['a 2 came behind 0', 'a 1 came behind 2']],
    ['an event that nobody stored', ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'], ['b 3 is not what was stored']],
  ])('refuses %s', (_, ids, faults) => {
    expect(check(...ids).faults).toEqual(faults);
  });

  it('refuses a repeat with a message id of its own', () => {
    const [again] = history('a1') as [Delivery];
    const all = [...history('a1', 'a2', 'a3', 'b1', 'b2'), { ...again, messageId: 'other' }];
    expect(checkDeliveries(stored, all).faults).toContain('a 1 has a message id of its own');
  });

  it('refuses another event in the place of a stored one', () => {
    const [event] = history('b2') as [Delivery];
    const all = [...history('a1', 'a2', 'a3', 'b1'), { ...event, eventId: 'x', messageId: 'x' }];
    expect(checkDeliveries(stored, all).faults).toEqual(['b 2 is not what was stored', 'b 2 is lost']);
  });
});
