import type { Basket, OpenBasket } from './basket.js';
import type { BasketEvent } from './basket.events.js';

/** Whether there is something in the basket that its shopper may come to leave behind. */
export const isInUse = (basket: Basket): basket is OpenBasket => basket.status === 'active' && basket.lines.length > 0;

/**
 * The shopper has left the basket: there is something in it, and it was last changed then or earlier.
 *
 * @param idleSince ISO 8601
 */
export function abandon(basket: Basket, idleSince: string): BasketEvent[] {
  if (!isInUse(basket) || basket.updatedAt > idleSince) return [];
  return [{ type: 'BasketAbandoned', data: { lastActivityAt: basket.updatedAt } }];
}
