import {
  ALICE,
  NEXT_BASKET,
  NOTEBOOK,
  PENCIL,
  basketAfter,
  cleared,
  created,
  deleted,
  given,
  itemAdded,
  itemRemoved,
  quantityUpdated,
  replaced,
} from '../../../test/support/given.js';
import { noBasket } from './basket.js';
import type { Basket } from './basket.js';
import type { BasketEvent, ItemData } from './basket.events.js';
import { Limits, addItem, clear, decide, remove, removeItem, replaceBasket, updateQuantity } from './decisions.js';
import type { Decide } from './decisions.js';

const LIMITS = new Limits(500, 9999);

const replacing =
  (items: readonly ItemData[], currency = 'EUR'): Decide =>
  (basket, nextBasketId) =>
    replaceBasket(basket, { currency, items }, LIMITS, nextBasketId);
const adding =
  (item: ItemData, currency = 'EUR'): Decide =>
  (basket, nextBasketId) =>
    addItem(basket, { ...item, currency }, LIMITS, nextBasketId);
const setting =
  ({ productId }: ItemData, quantity: number): Decide =>
  (basket) =>
    updateQuantity(basket, { productId, quantity }, LIMITS);
const removing =
  ({ productId }: ItemData): Decide =>
  (basket) =>
    removeItem(basket, productId);

const withNotebook = [created(), itemAdded(NOTEBOOK)];
const withBoth = [...withNotebook, itemAdded(PENCIL)];

/** Both ways in which a user can have no basket. */
const noBaskets: [string, BasketEvent[]][] = [
  ['a user who never had a basket', []],
  ['a user whose basket was deleted', [...withBoth, deleted()]],
];

describe('replaceBasket', () => {
  it.each(noBaskets)('opens a basket for %s', (_, events) =>
    given(events)
      .when(replacing([NOTEBOOK, PENCIL], 'CHF'))
      .then([created('CHF', NEXT_BASKET), replaced([NOTEBOOK, PENCIL], 'CHF')]),
  );

  it('opens a basket without lines', () =>
    given([])
      .when(replacing([]))
      .then([created('EUR', NEXT_BASKET), replaced([])]));

  it('replaces what is in an open basket and keeps its id', () =>
    given(withBoth)
      .when(replacing([PENCIL]))
      .then([replaced([PENCIL])]));

  it('replaces the lines of a basket by none', () =>
    given(withBoth)
      .when(replacing([]))
      .then([replaced([])]));

  it('does nothing when the basket holds just these lines', () =>
    given(withBoth)
      .when(replacing([NOTEBOOK, PENCIL]))
      .then([]));

  it('does nothing when an empty basket shall be empty', () =>
    given([...withNotebook, cleared()])
      .when(replacing([]))
      .then([]));

  it.each<[string, ItemData[]]>([
    ['order', [PENCIL, NOTEBOOK]],
    ['product', [NOTEBOOK, { ...PENCIL, productId: NEXT_BASKET }]],
    ['name', [NOTEBOOK, { ...PENCIL, productName: 'pencil' }]],
    ['price', [NOTEBOOK, { ...PENCIL, unitPrice: 91 }]],
    ['quantity', [NOTEBOOK, { ...PENCIL, quantity: 4 }]],
    ['missing line', [NOTEBOOK]],
    ['further line', [NOTEBOOK, PENCIL, { ...PENCIL, productId: NEXT_BASKET }]],
  ])('replaces lines that differ only in their %s', (_, items) =>
    given(withBoth)
      .when(replacing(items))
      .then([replaced(items)]),
  );

  it('refuses another currency', () =>
    given(withNotebook)
      .when(replacing([NOTEBOOK], 'USD'))
      .thenRefused('currency-mismatch'));

  it('refuses another currency though the basket is empty', () =>
    given([...withNotebook, cleared()])
      .when(replacing([NOTEBOOK], 'USD'))
      .thenRefused('currency-mismatch'));

  it.each(noBaskets)('lets %s choose another currency', (_, events) =>
    given(events)
      .when(replacing([NOTEBOOK], 'JPY'))
      .then([created('JPY', NEXT_BASKET), replaced([NOTEBOOK], 'JPY')]),
  );

  it.each<[string, BasketEvent[]]>([...noBaskets, ['an open basket', withNotebook]])(
    'refuses a product twice in the request for %s',
    (_, events) =>
      given(events)
        .when(replacing([NOTEBOOK, PENCIL, { ...NOTEBOOK, quantity: 7 }]))
        .thenRefused('duplicate-product'),
  );
});

describe('addItem', () => {
  it.each(noBaskets)('opens a basket for %s', (_, events) =>
    given(events)
      .when(adding(NOTEBOOK, 'CHF'))
      .then([created('CHF', NEXT_BASKET), itemAdded(NOTEBOOK)]),
  );

  it('adds a line to an open basket', () =>
    given(withNotebook)
      .when(adding(PENCIL))
      .then([itemAdded(PENCIL)]));

  it('tells only the added quantity of a product that is there already', () =>
    given(withNotebook)
      .when(adding({ ...NOTEBOOK, quantity: 5 }))
      .then([itemAdded(NOTEBOOK, { quantity: 5 })]));

  it('tells the newer name and price of a product that is there already', () =>
    given(withNotebook)
      .when(adding({ ...NOTEBOOK, productName: 'Notebook, A5', unitPrice: 1300 }))
      .then([itemAdded(NOTEBOOK, { productName: 'Notebook, A5', unitPrice: 1300 })]));

  it('refuses another currency', () =>
    given(withNotebook).when(adding(PENCIL, 'USD')).thenRefused('currency-mismatch'));

  it('refuses another currency though the basket is empty', () =>
    given([created(), replaced([])])
      .when(adding(PENCIL, 'USD'))
      .thenRefused('currency-mismatch'));
});

describe('updateQuantity', () => {
  it('changes the quantity of a line and tells the one before', () =>
    given(withBoth)
      .when(setting(PENCIL, 8))
      .then([quantityUpdated(PENCIL, { from: 3, to: 8 })]));

  it('starts from the sum of what was added', () =>
    given([...withNotebook, itemAdded(NOTEBOOK, { quantity: 3 })])
      .when(setting(NOTEBOOK, 4))
      .then([quantityUpdated(NOTEBOOK, { from: 5, to: 4 })]));

  it('does nothing when the line has this quantity', () => given(withBoth).when(setting(PENCIL, 3)).then([]));

  it('refuses a product that is not in the basket', () =>
    given(withNotebook).when(setting(PENCIL, 1)).thenRefused('item-not-found'));

  it('refuses a product that was in the basket', () =>
    given([...withBoth, itemRemoved(PENCIL)])
      .when(setting(PENCIL, 3))
      .thenRefused('item-not-found'));

  it.each(noBaskets)('finds no basket of %s', (_, events) =>
    given(events).when(setting(NOTEBOOK, 1)).thenRefused('basket-not-found'),
  );
});

describe('removeItem', () => {
  it('removes a line', () =>
    given(withBoth)
      .when(removing(NOTEBOOK))
      .then([itemRemoved(NOTEBOOK)]));

  it('keeps the basket when its last line goes', () =>
    given(withNotebook)
      .when(removing(NOTEBOOK))
      .then([itemRemoved(NOTEBOOK)]));

  it('refuses a product that is not in the basket', () =>
    given(withNotebook).when(removing(PENCIL)).thenRefused('item-not-found'));

  it.each(noBaskets)('finds no basket of %s', (_, events) =>
    given(events).when(removing(NOTEBOOK)).thenRefused('basket-not-found'),
  );
});

describe('clear', () => {
  it('removes all lines', () => given(withBoth).when(clear).then([cleared()]));

  it('does nothing to an empty basket', () =>
    given([...withBoth, cleared()])
      .when(clear)
      .then([]));

  it.each(noBaskets)('finds no basket of %s', (_, events) => given(events).when(clear).thenRefused('basket-not-found'));
});

describe('remove', () => {
  it('deletes the basket', () => given(withBoth).when(remove).then([deleted()]));

  it('deletes an empty basket', () =>
    given([created(), replaced([])])
      .when(remove)
      .then([deleted()]));

  it.each(noBaskets)('finds no basket of %s', (_, events) =>
    given(events).when(remove).thenRefused('basket-not-found'),
  );
});

describe('A refusal', () => {
  const nobody = noBasket(ALICE);

  it('names the user who has no basket', () => expect(() => remove(nobody)).toThrow('alice has no basket.'));

  it('names the product that is not in the basket', () =>
    expect(() => removing(PENCIL)(basketAfter(withNotebook), NEXT_BASKET)).toThrow(
      `Product ${PENCIL.productId} is not in the basket of alice.`,
    ));

  it('names both currencies', () =>
    expect(() => adding(PENCIL, 'USD')(basketAfter(withNotebook), NEXT_BASKET)).toThrow(
      'The basket of alice is in EUR, the request is in USD.',
    ));

  it('tells the version that a condition missed, or that there is no basket', () => {
    const demanded = (basket: Basket) => () => decide(basket, adding(PENCIL), NEXT_BASKET, { match: [7] });
    expect(demanded(basketAfter(withNotebook))).toThrow('The basket of alice is at version 2.');
    expect(demanded(nobody)).toThrow('alice has no basket.');
  });

  it('names the product that is in the request twice', () =>
    expect(() => replaceBasket(nobody, { currency: 'EUR', items: [PENCIL, PENCIL] }, LIMITS, NEXT_BASKET)).toThrow(
      `Product ${PENCIL.productId} is in the request more than once.`,
    ));
});
