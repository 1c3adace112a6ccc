import {
  ALICE,
  FIRST_BASKET,
  NEXT_BASKET,
  NOTEBOOK,
  PENCIL,
  abandoned,
  basketAfter,
  cleared,
  created,
  deleted,
  itemAdded,
  itemRemoved,
  quantityUpdated,
  reactivated,
  replaced,
  timeOf,
} from '../../../test/support/given.js';
import { isOpen, lineOf, lineTotal, noBasket, totals } from './basket.js';
import type { BasketEvent } from './basket.events.js';

const withBoth = [created(), itemAdded(NOTEBOOK), itemAdded(PENCIL)];

const open = (lines: readonly object[], version: number, change: object = {}) => ({
  status: 'active',
  userName: ALICE,
  version,
  basketId: FIRST_BASKET,
  currency: 'EUR',
  lines,
  createdAt: timeOf(1),
  updatedAt: timeOf(version),
  ...change,
});

describe('Folding events', () => {
  it('starts from no basket at version 0', () =>
    expect(basketAfter([])).toStrictEqual({ status: 'none', userName: ALICE, version: 0 }));

  it('BasketCreated opens an empty basket', () =>
    expect(basketAfter([created('CHF')])).toStrictEqual(open([], 1, { currency: 'CHF' })));

  it('BasketItemAdded appends a line with the time at which it came', () =>
    expect(basketAfter(withBoth)).toStrictEqual(
      open(
        [
          { ...NOTEBOOK, addedAt: timeOf(2) },
          { ...PENCIL, addedAt: timeOf(3) },
        ],
        3,
      ),
    ));

  it('BasketItemAdded of a product that is there adds the quantity, takes name and price, keeps place and time', () =>
    expect(
      basketAfter([...withBoth, itemAdded(NOTEBOOK, { productName: 'Notebook, A5', unitPrice: 1300, quantity: 5 })]),
    ).toStrictEqual(
      open(
        [
          { ...NOTEBOOK, productName: 'Notebook, A5', unitPrice: 1300, quantity: 7, addedAt: timeOf(2) },
          { ...PENCIL, addedAt: timeOf(3) },
        ],
        4,
      ),
    ));

  it('BasketItemQuantityUpdated changes the quantity of its line only', () =>
    expect(basketAfter([...withBoth, quantityUpdated(NOTEBOOK, { from: 2, to: 9 })])).toStrictEqual(
      open(
        [
          { ...NOTEBOOK, quantity: 9, addedAt: timeOf(2) },
          { ...PENCIL, addedAt: timeOf(3) },
        ],
        4,
      ),
    ));

  it('BasketItemRemoved takes its line out and leaves the others where they were', () =>
    expect(basketAfter([...withBoth, itemRemoved(NOTEBOOK)])).toStrictEqual(
      open([{ ...PENCIL, addedAt: timeOf(3) }], 4),
    ));

  it('a product that comes back is last, with its new time', () =>
    expect(basketAfter([...withBoth, itemRemoved(NOTEBOOK), itemAdded(NOTEBOOK)])).toStrictEqual(
      open(
        [
          { ...PENCIL, addedAt: timeOf(3) },
          { ...NOTEBOOK, addedAt: timeOf(5) },
        ],
        5,
      ),
    ));

  it('BasketCleared leaves an open basket without lines', () =>
    expect(basketAfter([...withBoth, cleared()])).toStrictEqual(open([], 4)));

  it('BasketReplaced brings the lines in the order of the request', () =>
    expect(basketAfter([...withBoth, replaced([PENCIL, { ...NOTEBOOK, quantity: 1 }])])).toStrictEqual(
      open(
        [
          { ...PENCIL, addedAt: timeOf(4) },
          { ...NOTEBOOK, quantity: 1, addedAt: timeOf(4) },
        ],
        4,
      ),
    ));

  it('BasketDeleted leaves nothing but the version', () =>
    expect(basketAfter([...withBoth, deleted()])).toStrictEqual({ status: 'deleted', userName: ALICE, version: 4 }));

  it('BasketAbandoned changes the status and the version, not the time of the last change', () => {
    const before = basketAfter(withBoth);
    expect(basketAfter([...withBoth, abandoned(timeOf(3))])).toStrictEqual({
      ...before,
      status: 'abandoned',
      version: 4,
    });
  });

  it('BasketReactivated makes it active again, at its time', () => {
    const before = basketAfter(withBoth);
    expect(basketAfter([...withBoth, abandoned(timeOf(3)), reactivated()])).toStrictEqual({
      ...before,
      status: 'active',
      version: 5,
      updatedAt: timeOf(5),
    });
  });

  it('a basket that is created after a deletion counts on, under an id, currency and time of its own', () =>
    expect(basketAfter([...withBoth, deleted(), created('JPY', NEXT_BASKET), itemAdded(PENCIL)])).toStrictEqual(
      open([{ ...PENCIL, addedAt: timeOf(6) }], 6, {
        basketId: NEXT_BASKET,
        currency: 'JPY',
        createdAt: timeOf(5),
      }),
    ));

  it.each<BasketEvent>([
    replaced([NOTEBOOK]),
    itemAdded(NOTEBOOK),
    quantityUpdated(NOTEBOOK, { from: 1, to: 2 }),
    itemRemoved(NOTEBOOK),
    cleared(),
    abandoned(timeOf(1)),
    reactivated(),
  ])('$type without a basket only counts: the fold does not judge', (event) =>
    expect(basketAfter([created(), deleted(), event])).toStrictEqual({
      status: 'deleted',
      userName: ALICE,
      version: 3,
    }),
  );
});

describe('A basket', () => {
  it('is open from its creation to its deletion', () => {
    expect(isOpen(noBasket(ALICE))).toBe(false);
    expect(isOpen(basketAfter([created()]))).toBe(true);
    expect(isOpen(basketAfter([created(), deleted()]))).toBe(false);
  });

  it('is open while it is abandoned', () => {
    expect(isOpen(basketAfter([...withBoth, abandoned(timeOf(3))]))).toBe(true);
    expect(isOpen(basketAfter([...withBoth, abandoned(timeOf(3)), reactivated(), deleted()]))).toBe(false);
  });

  it('knows its lines by their products', () => {
    const basket = basketAfter([created(), itemAdded(PENCIL)]);
    expect(isOpen(basket) && lineOf(basket, PENCIL.productId)).toMatchObject(PENCIL);
    expect(isOpen(basket) && lineOf(basket, NOTEBOOK.productId)).toBeUndefined();
  });

  it('has the totals of its lines', () => {
    expect(lineTotal(NOTEBOOK)).toBe(2500);
    expect(totals([NOTEBOOK, PENCIL])).toStrictEqual({ totalItems: 5, totalPrice: 2770 });
    expect(totals([])).toStrictEqual({ totalItems: 0, totalPrice: 0 });
  });
});
