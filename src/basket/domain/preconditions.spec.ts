import {
  NEXT_BASKET,
  NOTEBOOK,
  PENCIL,
  created,
  deleted,
  given,
  itemAdded,
  replaced,
} from '../../../test/support/given.js';
import type { BasketEvent } from './basket.events.js';
import { Limits, addItem, clear, remove, removeItem, replaceBasket, updateQuantity } from './decisions.js';
import type { Decide } from './decisions.js';

const LIMITS = new Limits(500, 9999);
const put: Decide = (basket, nextBasketId) =>
  replaceBasket(basket, { currency: 'EUR', items: [PENCIL] }, LIMITS, nextBasketId);
const add: Decide = (basket, nextBasketId) => addItem(basket, { ...PENCIL, currency: 'EUR' }, LIMITS, nextBasketId);

const atVersion2 = [created(), itemAdded(NOTEBOOK)];
const deletedAtVersion3 = [...atVersion2, deleted()];
const opened = [created('EUR', NEXT_BASKET)];

describe('If-Match on an open basket', () => {
  it('lets a write on that version through', () =>
    given(atVersion2)
      .when(add, { match: [2] })
      .then([itemAdded(PENCIL)]));

  it('lets a write through when the version is one of several', () =>
    given(atVersion2)
      .when(add, { match: [1, Number.NaN, 2] })
      .then([itemAdded(PENCIL)]));

  it('lets a write on any version through with *', () =>
    given(atVersion2)
      .when(add, { match: '*' })
      .then([itemAdded(PENCIL)]));

  it.each([[[1]], [[3]], [[1, 3]], [[]], [[Number.NaN]]])('refuses a write on %j and tells the version', (match) =>
    given(atVersion2).when(add, { match }).thenRefused('version-mismatch', { currentVersion: 2 }),
  );

  it('refuses a write that would change nothing, too', () =>
    given(atVersion2)
      .when((basket) => updateQuantity(basket, NOTEBOOK, LIMITS), { match: [1] })
      .thenRefused('version-mismatch', { currentVersion: 2 }));

  it('is looked at before the request is found to break a rule', () =>
    given(atVersion2)
      .when((basket) => removeItem(basket, PENCIL.productId), { match: [1] })
      .thenRefused('version-mismatch', { currentVersion: 2 }));

  it('does not hide that a rule is broken when it holds', () =>
    given(atVersion2)
      .when((basket) => removeItem(basket, PENCIL.productId), { match: [2] })
      .thenRefused('item-not-found'));
});

describe('If-Match where there is no basket', () => {
  const needABasket: [string, Decide][] = [
    ['updateQuantity', (basket) => updateQuantity(basket, NOTEBOOK, LIMITS)],
    ['removeItem', (basket) => removeItem(basket, NOTEBOOK.productId)],
    ['clear', clear],
    ['remove', remove],
  ];

  it.each(needABasket)('gives way to basket-not-found for %s', (_, decision) => {
    for (const match of ['*', [3]] as const) {
      given([]).when(decision, { match }).thenRefused('basket-not-found');
      given(deletedAtVersion3).when(decision, { match }).thenRefused('basket-not-found');
    }
  });

  it.each<[string, Decide]>([
    ['replaceBasket', put],
    ['addItem', add],
  ])('keeps %s from opening one', (_, decision) => {
    given([]).when(decision, { match: '*' }).thenRefused('version-mismatch', { currentVersion: 0 });
    given([])
      .when(decision, { match: [0] })
      .thenRefused('version-mismatch', { currentVersion: 0 });
    given(deletedAtVersion3).when(decision, { match: '*' }).thenRefused('version-mismatch', { currentVersion: 3 });
    given(deletedAtVersion3)
      .when(decision, { match: [2, 3] })
      .thenRefused('version-mismatch', { currentVersion: 3 });
  });
});

describe('If-None-Match: *', () => {
  it.each<[string, BasketEvent[]]>([
    ['never had a basket', []],
    ['deleted the basket', deletedAtVersion3],
  ])('lets a user who %s open one', (_, events) =>
    given(events)
      .when(put, { noneMatch: '*' })
      .then([...opened, replaced([PENCIL])]),
  );

  it('refuses to touch a basket that is there and tells its version', () =>
    given(atVersion2).when(put, { noneMatch: '*' }).thenRefused('version-mismatch', { currentVersion: 2 }));

  it('refuses an open basket though If-Match has its version', () =>
    given(atVersion2)
      .when(put, { match: [2], noneMatch: '*' })
      .thenRefused('version-mismatch', { currentVersion: 2 }));

  it('cannot hold together with If-Match where there is no basket', () =>
    given([]).when(put, { match: '*', noneMatch: '*' }).thenRefused('version-mismatch', { currentVersion: 0 }));
});

describe('Without a condition', () => {
  it('a write goes through whatever the version', () => {
    given(atVersion2)
      .when(add)
      .then([itemAdded(PENCIL)]);
    given(atVersion2)
      .when(add, {})
      .then([itemAdded(PENCIL)]);
    given(deletedAtVersion3)
      .when(add)
      .then([...opened, itemAdded(PENCIL)]);
  });
});
