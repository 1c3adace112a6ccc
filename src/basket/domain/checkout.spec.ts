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
  given,
  itemAdded,
  quantityUpdated,
} from '../../../test/support/given.js';
import type { BasketEvent } from './basket.events.js';
import { checkOut } from './checkout.js';
import { Limits, addItem, decide } from './decisions.js';
import type { Decide } from './decisions.js';

const at =
  (version: number): Decide =>
  (basket) =>
    checkOut(basket, version);

const withBoth = [created(), itemAdded(NOTEBOOK), itemAdded(PENCIL)];

describe('checkOut', () => {
  it('hands over the lines, their total and the currency', () =>
    given(withBoth)
      .when(at(3))
      .then([
        {
          type: 'BasketCheckedOut',
          data: { items: [NOTEBOOK, PENCIL], totalPrice: 2 * 1250 + 3 * 90, currency: 'EUR' },
        },
      ]));

  it('hands over the quantities as they are now', () =>
    given([...withBoth, quantityUpdated(PENCIL, { from: 3, to: 1 })])
      .when(at(4))
      .then([
        {
          type: 'BasketCheckedOut',
          data: { items: [NOTEBOOK, { ...PENCIL, quantity: 1 }], totalPrice: 2590, currency: 'EUR' },
        },
      ]));

  it.each([1, 2, 4])('refuses version %d of a basket at 3 and tells the current one', (version) =>
    given(withBoth).when(at(version)).thenRefused('conflict', { currentVersion: 3 }),
  );

  it('refuses an empty basket', () =>
    given([...withBoth, cleared()])
      .when(at(4))
      .thenRefused('basket-empty'));

  it('refuses another version of an empty basket for the version', () =>
    given([...withBoth, cleared()])
      .when(at(3))
      .thenRefused('conflict', { currentVersion: 4 }));

  it('tells the version that it has by now, or that there is nothing in it', () => {
    expect(() => checkOut(basketAfter(withBoth), 2)).toThrow('The basket of alice is at version 3 by now.');
    expect(() => checkOut(basketAfter([created()]), 1)).toThrow('There is nothing in the basket of alice.');
  });

  it.each<[string, BasketEvent[], number]>([
    ['there never was one', [], 0],
    ['it was deleted', [...withBoth, deleted()], 4],
    ['it was checked out', [...withBoth, checkedOut([NOTEBOOK, PENCIL])], 4],
  ])('finds no basket when %s', (_, events, version) =>
    given(events).when(at(version)).thenRefused('basket-not-found'),
  );

  it('holds to a condition that the caller gives besides', () =>
    given(withBoth)
      .when(at(3), { match: [2] })
      .thenRefused('version-mismatch', { currentVersion: 3 }));

  it('leaves a closed basket, which counts its versions on', () => {
    expect(basketAfter([...withBoth, checkedOut([NOTEBOOK, PENCIL])])).toStrictEqual({
      status: 'checked-out',
      userName: 'alice',
      version: 4,
    });
  });

  it('lets the next item open another basket', () => {
    const basket = basketAfter([...withBoth, checkedOut([NOTEBOOK, PENCIL])]);
    const adding: Decide = (current, nextBasketId) =>
      addItem(current, { ...PENCIL, currency: 'CHF' }, new Limits(500, 9999), nextBasketId);
    expect(NEXT_BASKET).not.toBe(FIRST_BASKET);
    expect(decide(basket, adding, NEXT_BASKET)).toStrictEqual([created('CHF', NEXT_BASKET), itemAdded(PENCIL)]);
  });
});
