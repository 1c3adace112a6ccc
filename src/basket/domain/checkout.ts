import { totals } from './basket.js';
import type { Basket, BasketLine } from './basket.js';
import { BasketError } from './basket.errors.js';
import type { BasketEvent, ItemData } from './basket.events.js';
import { requireOpen } from './decisions.js';

/**
 * Hands over exactly what the shopper saw.
 *
 * @param version the one that the shopper saw
 */
export function checkOut(current: Basket, version: number): BasketEvent[] {
  const basket = requireOpen(current);
  if (basket.version !== version)
    throw new BasketError('conflict', `The basket of ${basket.userName} is at version ${basket.version} by now.`, {
      currentVersion: basket.version,
    });
  if (basket.lines.length === 0)
    throw new BasketError('basket-empty', `There is nothing in the basket of ${basket.userName}.`);
  const { totalPrice } = totals(basket.lines);
  const data = { items: basket.lines.map(itemOf), totalPrice, currency: basket.currency };
  return [{ type: 'BasketCheckedOut', data }];
}

export const itemOf = ({ productId, productName, unitPrice, quantity }: BasketLine): ItemData => ({
  productId,
  productName,
  unitPrice,
  quantity,
});
