import { isInUse } from '../domain/abandonment.js';
import { isOpen, totals } from '../domain/basket.js';
import type { Basket } from '../domain/basket.js';

/**
 * What is written of the basket besides the basket itself, for those who look for many: the last three columns of
 * `BasketProjectionRow`.
 */
export function figuresOf(
  basket: Basket,
): [activeHour: string | null, totalItems: number | null, totalPrice: number | null] {
  if (!isOpen(basket)) return [null, null, null];
  const { totalItems, totalPrice } = totals(basket.lines);
  return [activeHourOf(basket), totalItems, totalPrice];
}

/** ISO 8601. The hour only: an indexed column that changed with each write would put each write on all indexes. */
const activeHourOf = (basket: Basket): string | null =>
  isInUse(basket) ? `${basket.updatedAt.slice(0, 'yyyy-mm-ddThh'.length)}:00:00.000Z` : null;
