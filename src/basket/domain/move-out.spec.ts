import fc from 'fast-check';
import {
  FIRST_BASKET,
  NEXT_BASKET,
  NOTEBOOK,
  PENCIL,
  basketAfter,
  checkedOut,
  cleared,
  created,
  deleted,
  itemAdded,
  itemRemoved,
  quantityUpdated,
  recorded,
  replaced,
} from '../../../test/support/given.js';
import { evolve, isOpen, lineOf } from './basket.js';
import type { Basket, OpenBasket } from './basket.js';
import type { BasketEvent, ItemData } from './basket.events.js';
import { followGuest, mergedGuest, moveOut } from './move-out.js';

const RULER: ItemData = { ...PENCIL, productId: NEXT_BASKET, productName: 'Ruler' };
const BOTH = [created(), itemAdded(NOTEBOOK), itemAdded(PENCIL)];

function source(): OpenBasket {
  const guest = basketAfter(BOTH);
  if (!isOpen(guest)) throw new Error('The guest has no basket.');
  return guest;
}

/** @param since what happened after the merge; what other merges moved out is marked */
function guestAfter(since: readonly (BasketEvent | { readonly movedOut: BasketEvent })[]) {
  const events = since.map((one) => ('movedOut' in one ? one.movedOut : one));
  return recorded(events, BOTH.length).reduce(
    (guest, event, at) => followGuest(guest, event, 'movedOut' in (since[at] ?? event)),
    mergedGuest(source()),
  );
}

describe('moveOut', () => {
  it.each<[string, Parameters<typeof guestAfter>[0], BasketEvent[]]>([
    ['everything', [], [cleared()]],
    [
      'not what a line grew by since',
      [itemAdded(PENCIL, { quantity: 4 })],
      [itemRemoved(NOTEBOOK), quantityUpdated(PENCIL, { from: 7, to: 4 })],
    ],
    ['not what came since', [itemAdded(RULER)], [itemRemoved(NOTEBOOK), itemRemoved(PENCIL)]],
    ['what is left of a line that shrank since', [quantityUpdated(PENCIL, { from: 3, to: 1 })], [cleared()]],
    [
      'what was left of a line that shrank, and not what it grew by afterwards',
      [quantityUpdated(PENCIL, { from: 3, to: 1 }), itemAdded(PENCIL)],
      [itemRemoved(NOTEBOOK), quantityUpdated(PENCIL, { from: 4, to: 3 })],
    ],
    [
      'all pieces of a line that grew and shrank less',
      [itemAdded(PENCIL, { quantity: 4 }), quantityUpdated(PENCIL, { from: 7, to: 4 })],
      [itemRemoved(NOTEBOOK), quantityUpdated(PENCIL, { from: 4, to: 1 })],
    ],
    ['the other line when one is gone since', [itemRemoved(PENCIL)], [cleared()]],
    [
      'nothing of a line that is gone since and came again',
      [itemRemoved(PENCIL), itemAdded(PENCIL)],
      [itemRemoved(NOTEBOOK)],
    ],
    [
      'of lines that were replaced as much as is left',
      [replaced([{ ...PENCIL, quantity: 5 }, RULER])],
      [quantityUpdated(PENCIL, { from: 5, to: 2 })],
    ],
    ['nothing of a basket that was emptied since', [cleared()], []],
    ['nothing of what came after the basket was emptied', [cleared(), itemAdded(NOTEBOOK)], []],
    ['nothing of a basket that was deleted since', [deleted()], []],
    ['nothing of a basket that was checked out since', [checkedOut([NOTEBOOK, PENCIL])], []],
    [
      'nothing of the next basket',
      [deleted(), created('EUR', NEXT_BASKET), itemAdded(NOTEBOOK), itemAdded(PENCIL)],
      [],
    ],
    ['nothing a second time', [{ movedOut: cleared() }], []],
    [
      'nothing a second time of a line that had grown',
      [
        itemAdded(PENCIL, { quantity: 4 }),
        { movedOut: itemRemoved(NOTEBOOK) },
        { movedOut: quantityUpdated(PENCIL, { from: 7, to: 4 }) },
      ],
      [],
    ],
  ])('moves %s', (_, since, expected) => {
    const guest = guestAfter(since);
    const events = moveOut(guest);
    expect(events).toStrictEqual(expected);
    const after = recorded(events, guest.basket.version).reduce<Basket>(evolve, guest.basket);
    if (isOpen(guest.basket) && guest.basket.basketId === FIRST_BASKET)
      expect(after).toMatchObject({ status: 'active', basketId: FIRST_BASKET });
  });

  it('never moves more than was merged, nor more than was there at any time since', () => {
    const item = fc
      .tuple(fc.constantFrom(NOTEBOOK, PENCIL, RULER), fc.integer({ min: 1, max: 6 }))
      .map(([one, quantity]) => ({ ...one, quantity }));
    const event = fc.oneof(
      { weight: 4, arbitrary: item.map((one) => itemAdded(one)) },
      { weight: 3, arbitrary: item.map((one) => quantityUpdated(one, { from: 0, to: one.quantity })) },
      { weight: 2, arbitrary: item.map(itemRemoved) },
      { weight: 1, arbitrary: fc.constantFrom(cleared(), replaced([PENCIL])) },
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (since) => {
        const states = [source() as Basket];
        for (const one of recorded(since, BOTH.length)) states.push(evolve(states.at(-1) ?? source(), one));
        const guest = guestAfter(since);
        const after = recorded(moveOut(guest), guest.basket.version).reduce<Basket>(evolve, guest.basket);
        const quantityIn = (basket: Basket, { productId }: ItemData) =>
          (isOpen(basket) ? lineOf(basket, productId)?.quantity : undefined) ?? 0;
        for (const one of [NOTEBOOK, PENCIL, RULER]) {
          const least = Math.min(...states.map((state) => quantityIn(state, one)));
          expect(quantityIn(guest.basket, one) - quantityIn(after, one)).toBe(least);
        }
      }),
    );
  });
});
