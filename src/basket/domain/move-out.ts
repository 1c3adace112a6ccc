import { evolve, isOpen, lineOf } from './basket.js';
import type { Basket, OpenBasket } from './basket.js';
import type { BasketEvent, RecordedEvent } from './basket.events.js';

/** A guest's basket at some time after a merge took its lines. */
export interface MergedGuest {
  readonly basket: Basket;
  /** By product: pieces that the merge took and that are still there. Only what the guest added since may stay. */
  readonly pieces: ReadonlyMap<string, number>;
}

/** @param source the basket as the merge found it */
export const mergedGuest = (source: OpenBasket): MergedGuest => ({
  basket: source,
  pieces: new Map(source.lines.map(({ productId, quantity }) => [productId, quantity])),
});

/**
 * Folds what happened to the guest's basket since. What the guest takes away is taken from what was added since, as far
 * as it goes: so of the merged pieces there are never more than there were pieces at any time. What a merge moves out is
 * taken from the merged pieces: that other merge had the same ones.
 *
 * @param movedOut whether a merge brought the event about
 */
export function followGuest({ basket, pieces }: MergedGuest, event: RecordedEvent, movedOut: boolean): MergedGuest {
  const after = evolve(basket, event);
  const left = [...pieces].map(([productId, count]): [string, number] => {
    const now = quantityIn(after, productId);
    const gone = movedOut ? Math.max(0, quantityIn(basket, productId) - now) : 0;
    return [productId, Math.max(0, Math.min(count - gone, now))];
  });
  return { basket: after, pieces: new Map(left.filter(([, count]) => count > 0)) };
}

const quantityIn = (basket: Basket, productId: string): number =>
  (isOpen(basket) ? lineOf(basket, productId)?.quantity : undefined) ?? 0;

/** Empties a guest's basket of what went into a merge. */
export function moveOut({ basket, pieces }: MergedGuest): BasketEvent[] {
  if (!isOpen(basket) || pieces.size === 0) return [];
  const left = basket.lines.some(({ productId, quantity }) => quantity > (pieces.get(productId) ?? 0));
  if (!left) return [{ type: 'BasketCleared', data: {} }];
  return basket.lines.flatMap((line): BasketEvent[] => {
    const { productId, quantity: previousQuantity } = line;
    const count = pieces.get(productId) ?? 0;
    if (count === 0) return [];
    const quantity = previousQuantity - count;
    if (quantity === 0) return [{ type: 'BasketItemRemoved', data: { productId } }];
    return [{ type: 'BasketItemQuantityUpdated', data: { productId, quantity, previousQuantity } }];
  });
}
