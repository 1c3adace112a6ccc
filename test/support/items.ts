import { randomUUID } from 'node:crypto';
import type { Basket } from '../../src/basket/domain/basket.js';
import { isOpen } from '../../src/basket/domain/basket.js';
import { Limits, addItem } from '../../src/basket/domain/decisions.js';
import type { Addition, Decide } from '../../src/basket/domain/decisions.js';

export const limits = new Limits(500, 9999);

export const someItem = (item: Partial<Addition> = {}): Addition => ({
  productId: randomUUID(),
  productName: 'Field notebook',
  unitPrice: 1250,
  quantity: 1,
  currency: 'EUR',
  ...item,
});

export const adding =
  (item: Addition): Decide =>
  (basket, nextBasketId) =>
    addItem(basket, item, limits, nextBasketId);

/** The products of a basket, in its order. */
export const productsOf = (basket: Basket): string[] =>
  isOpen(basket) ? basket.lines.map(({ productId }) => productId) : [];
