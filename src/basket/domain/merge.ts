import { isOpen, totals } from './basket.js';
import type { Basket, BasketLine, OpenBasket } from './basket.js';
import { BasketError } from './basket.errors.js';
import type { BasketEvent, ItemData, MergeStrategy } from './basket.events.js';
import { itemOf } from './checkout.js';
import type { Limits } from './decisions.js';

/** What became of one line of the guest's basket. */
export interface MergedLine {
  readonly productId: string;
  /**
   * `added`: the user did not have it; `merged`: the quantity follows the strategy; `kept`: the user's line stays as it
   * was; `capped`: the quantity was cut to the limit; `dropped`: there was no room for it.
   */
  readonly outcome: 'added' | 'merged' | 'kept' | 'capped' | 'dropped';
  /** Pieces in the guest's basket. */
  readonly guestQuantity: number;
  /** Pieces in the user's basket afterwards. */
  readonly quantity: number;
}

export interface Merge {
  readonly events: BasketEvent[];
  readonly report: readonly MergedLine[];
}

/** Takes the lines of a guest's basket into the user's. Limits hold: what does not fit is cut or dropped, and reported. */
export function mergeInto(
  basket: Basket,
  guest: OpenBasket,
  strategy: MergeStrategy,
  limits: Limits,
  nextBasketId: string,
): Merge {
  if (isOpen(basket) && basket.currency !== guest.currency)
    throw new BasketError(
      'currency-mismatch',
      `The basket of ${basket.userName} is in ${basket.currency}, that of ${guest.userName} in ${guest.currency}.`,
    );
  const lines = new Map<string, ItemData>(
    (isOpen(basket) ? basket.lines : []).map((line) => [line.productId, itemOf(line)]),
  );
  const items: ItemData[] = [];
  const report = guest.lines.map((line) => {
    const { item, outcome } = mergeLine(lines, line, strategy, limits);
    if (item) {
      lines.set(item.productId, item);
      items.push(item);
    }
    const quantity = lines.get(line.productId)?.quantity ?? 0;
    return { productId: line.productId, outcome, guestQuantity: line.quantity, quantity };
  });
  if (items.length === 0) return { events: [], report };
  const merged = { type: 'BasketsMerged', data: { fromUserName: guest.userName, strategy, items } } as const;
  if (isOpen(basket)) return { events: [merged], report };
  return {
    events: [{ type: 'BasketCreated', data: { basketId: nextBasketId, currency: guest.currency } }, merged],
    report,
  };
}

function mergeLine(
  lines: ReadonlyMap<string, ItemData>,
  guestLine: BasketLine,
  strategy: MergeStrategy,
  { maxLines, maxQuantity }: Limits,
): { item?: ItemData; outcome: MergedLine['outcome'] } {
  const mine = lines.get(guestLine.productId);
  if (!mine && lines.size >= maxLines) return { outcome: 'dropped' };
  const wanted = mine ? quantityOf(mine, guestLine, strategy) : guestLine.quantity;
  if (mine && wanted === mine.quantity) return { outcome: 'kept' };
  const quantity = Math.min(wanted, maxQuantity);
  const item = { ...itemOf(guestLine), quantity };
  const others = [...lines.values()].filter((line) => line !== mine);
  if (!Number.isSafeInteger(totals([...others, item]).totalPrice)) return { outcome: mine ? 'kept' : 'dropped' };
  if (quantity < wanted) return { item, outcome: 'capped' };
  return { item, outcome: mine ? 'merged' : 'added' };
}

function quantityOf(mine: ItemData, guest: ItemData, strategy: MergeStrategy): number {
  switch (strategy) {
    case 'sum':
      return mine.quantity + guest.quantity;
    case 'max':
      return Math.max(mine.quantity, guest.quantity);
    case 'keep-user':
      return mine.quantity;
    case 'keep-guest':
      return guest.quantity;
  }
}

/**
 * Empties the guest's basket of what went into a merge. What the guest added since stays.
 *
 * @param merged the guest's lines as the merge found them
 */
export function moveOut(guest: Basket, merged: readonly ItemData[]): BasketEvent[] {
  if (!isOpen(guest)) return [];
  const gone = new Map(merged.map(({ productId, quantity }) => [productId, quantity]));
  const left = guest.lines.filter((line) => line.quantity > (gone.get(line.productId) ?? 0));
  if (left.length === 0) return guest.lines.length === 0 ? [] : [{ type: 'BasketCleared', data: {} }];
  return guest.lines.flatMap((line): BasketEvent[] => {
    const { productId, quantity: previousQuantity } = line;
    const quantity = previousQuantity - (gone.get(productId) ?? 0);
    if (quantity === previousQuantity) return [];
    if (quantity <= 0) return [{ type: 'BasketItemRemoved', data: { productId } }];
    return [{ type: 'BasketItemQuantityUpdated', data: { productId, quantity, previousQuantity } }];
  });
}
