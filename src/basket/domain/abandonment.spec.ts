import {
  NOTEBOOK,
  PENCIL,
  abandoned,
  basketAfter,
  cleared,
  created,
  deleted,
  given,
  itemAdded,
  itemRemoved,
  merged,
  quantityUpdated,
  reactivated,
  replaced,
  timeOf,
} from '../../../test/support/given.js';
import { abandon, isInUse } from './abandonment.js';
import { isOpen } from './basket.js';
import type { OpenBasket } from './basket.js';
import type { BasketEvent } from './basket.events.js';
import { executeBatch } from './batch.js';
import { checkOut } from './checkout.js';
import { Limits, addItem, clear, remove, removeItem, replaceBasket, updateQuantity } from './decisions.js';
import type { Decide } from './decisions.js';
import { mergeInto } from './merge.js';
import { moveOut } from './move-out.js';

const LIMITS = new Limits(500, 9999);

const idleSince =
  (time: string): Decide =>
  (basket) =>
    abandon(basket, time);

const withBoth = [created(), itemAdded(NOTEBOOK), itemAdded(PENCIL)];
/** At version 4, and last changed at that of version 3. */
const left = [...withBoth, abandoned(timeOf(3))];
const checkedOut: BasketEvent = {
  type: 'BasketCheckedOut',
  data: { items: [NOTEBOOK, PENCIL], totalPrice: 2 * 1250 + 3 * 90, currency: 'EUR' },
};

describe('abandon', () => {
  it.each([
    ['at that moment', timeOf(3)],
    ['long before', timeOf(1500)],
  ])('tells when a basket was last changed that was so %s', (_, time) =>
    given(withBoth)
      .when(idleSince(time))
      .then([abandoned(timeOf(3))]),
  );

  it('does nothing to a basket that was changed since', () =>
    given([...withBoth, quantityUpdated(PENCIL, { from: 3, to: 4 })])
      .when(idleSince(timeOf(3)))
      .then([]));

  it.each<[string, BasketEvent[]]>([
    ['is abandoned already', left],
    ['never had anything in it', [created()]],
    ['was emptied', [...withBoth, cleared()]],
    ['was deleted', [...withBoth, deleted()]],
    ['was checked out', [...withBoth, checkedOut]],
    ['never was', []],
  ])('does nothing, however late, to a basket that %s', (_, events) =>
    given(events)
      .when(idleSince(timeOf(99)))
      .then([]),
  );

  it('counts from the change that reactivated a basket', () => {
    const back = [...left, reactivated(), itemRemoved(PENCIL)];
    given(back)
      .when(idleSince(timeOf(5)))
      .then([]);
    given(back)
      .when(idleSince(timeOf(6)))
      .then([abandoned(timeOf(6))]);
  });
});

describe('A basket is in use', () => {
  it.each<[boolean, string, BasketEvent[]]>([
    [true, 'with something in it', withBoth],
    [true, 'when it was taken up again', [...left, reactivated(), itemRemoved(PENCIL)]],
    [false, 'while it is abandoned', left],
    [false, 'when it is empty', [created()]],
    [false, 'when it was deleted', [...withBoth, deleted()]],
    [false, 'when there is none', []],
  ])('%s: %s', (expected, _, events) => expect(isInUse(basketAfter(events))).toBe(expected));
});

const guest = basketAfter([created(), itemAdded(NOTEBOOK)]) as OpenBasket;

describe('An abandoned basket', () => {
  /** Every command, with the events that it leads to on this basket. */
  const commands: [string, Decide, BasketEvent[]][] = [
    ['addItem', (basket, id) => addItem(basket, { ...PENCIL, currency: 'EUR' }, LIMITS, id), [itemAdded(PENCIL)]],
    [
      'updateQuantity',
      (basket) => updateQuantity(basket, { productId: PENCIL.productId, quantity: 8 }, LIMITS),
      [quantityUpdated(PENCIL, { from: 3, to: 8 })],
    ],
    ['removeItem', (basket) => removeItem(basket, PENCIL.productId), [itemRemoved(PENCIL)]],
    [
      'replaceBasket',
      (basket, id) => replaceBasket(basket, { currency: 'EUR', items: [PENCIL] }, LIMITS, id),
      [replaced([PENCIL])],
    ],
    ['clear', clear, [cleared()]],
    ['remove', remove, [deleted()]],
    ['checkOut', (basket) => checkOut(basket, 4), [checkedOut]],
    [
      'executeBatch',
      (basket, id) =>
        executeBatch(
          basket,
          [
            { type: 'delete-item', productId: PENCIL.productId },
            { type: 'update-item-quantity', productId: NOTEBOOK.productId, quantity: 3 },
          ],
          LIMITS,
          id,
        ),
      [itemRemoved(PENCIL), quantityUpdated(NOTEBOOK, { from: 2, to: 3 })],
    ],
    [
      'mergeInto',
      (basket, id) => mergeInto(basket, guest, 'sum', LIMITS, id),
      [merged(guest, [{ ...NOTEBOOK, quantity: 4 }])],
    ],
    [
      'moveOut',
      (basket) => moveOut({ basket, pieces: new Map([NOTEBOOK, PENCIL].map((one) => [one.productId, one.quantity])) }),
      [cleared()],
    ],
  ];

  it.each(commands)('is active again before anything else happens to it: %s', (_, decision, events) =>
    given(left)
      .when(decision)
      .then([reactivated(), ...events]),
  );

  it.each(commands.filter(([name]) => name !== 'checkOut'))('differs in that from an active one: %s', (_, by, events) =>
    given(withBoth).when(by).then(events),
  );

  it.each(commands)('keeps its version as the one to demand: %s', (_, decision, events) => {
    given(left)
      .when(decision, { match: [4] })
      .then([reactivated(), ...events]);
    given(left)
      .when(decision, { match: [3] })
      .thenRefused('version-mismatch', { currentVersion: 4 });
  });

  it.each<[string, Decide]>([
    [
      'updateQuantity to the same',
      (basket) => updateQuantity(basket, { productId: PENCIL.productId, quantity: 3 }, LIMITS),
    ],
    [
      'replaceBasket by the same',
      (basket, id) => replaceBasket(basket, { currency: 'EUR', items: [NOTEBOOK, PENCIL] }, LIMITS, id),
    ],
    ['moveOut of nothing', (basket) => moveOut({ basket, pieces: new Map() })],
    ['a look', () => []],
  ])('stays abandoned when a command changes nothing: %s', (_, decision) => given(left).when(decision).then([]));

  it('stays abandoned when a command is refused', () =>
    given(left)
      .when((basket) => removeItem(basket, '0b8d9b0e-53a5-4a6c-a4c2-000000000000'))
      .thenRefused('item-not-found'));

  it('is open', () => expect(isOpen(basketAfter(left))).toBe(true));
});
