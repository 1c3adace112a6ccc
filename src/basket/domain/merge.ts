import { isOpen, totals } from './basket.js';
import type { Basket, OpenBasket } from './basket.js';
import { BasketError } from './basket.errors.js';
import type { BasketEvent, BasketsMerged, ItemData, MergeStrategy } from './basket.events.js';
import { itemOf } from './checkout.js';
import { opened } from './decisions.js';
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

/**
 * Takes the lines of a guest's basket into the user's. Limits hold: what does not fit is cut or left out, and no line
 * of the user's gets smaller for it. The event is stored also when no line changes: it is what empties the guest's
 * basket, and what a repeat is answered from.
 */
export function mergeInto(
  basket: Basket,
  guest: OpenBasket,
  strategy: MergeStrategy,
  limits: Limits,
  nextBasketId: string,
): BasketEvent[] {
  if (guest.lines.length === 0) return [];
  if (isOpen(basket) && basket.currency !== guest.currency)
    throw new BasketError(
      'currency-mismatch',
      `The basket of ${basket.userName} is in ${basket.currency}, that of ${guest.userName} in ${guest.currency}.`,
    );
  const lines = byProduct(isOpen(basket) ? basket.lines.map(itemOf) : []);
  const items: ItemData[] = [];
  for (const line of guest.lines) {
    const item = merged(lines, itemOf(line), strategy, limits);
    if (!item) continue;
    lines.set(item.productId, item);
    items.push(item);
  }
  const from = { fromUserName: guest.userName, fromBasketId: guest.basketId, fromVersion: guest.version };
  return [
    ...opened(basket, guest.currency, nextBasketId),
    { type: 'BasketsMerged', data: { ...from, strategy, items } },
  ];
}

/** The line as it will be; undefined when there is no room for it, or nothing about it to change. */
function merged(
  lines: ReadonlyMap<string, ItemData>,
  theirs: ItemData,
  strategy: MergeStrategy,
  { maxLines, maxQuantity }: Limits,
): ItemData | undefined {
  const mine = lines.get(theirs.productId);
  if (!mine && lines.size >= maxLines) return undefined;
  const wanted = wantedQuantity(mine, theirs, strategy);
  if (wanted === mine?.quantity) return undefined;
  // A line that was within the limits of another day does not shrink because it was to grow.
  const most = mine && wanted > mine.quantity ? Math.max(mine.quantity, maxQuantity) : maxQuantity;
  const item = { ...theirs, quantity: Math.min(wanted, most) };
  const others = [...lines.values()].filter((line) => line !== mine);
  return Number.isSafeInteger(totals([...others, item]).totalPrice) ? item : undefined;
}

function wantedQuantity(mine: ItemData | undefined, theirs: ItemData, strategy: MergeStrategy): number {
  if (!mine) return theirs.quantity;
  switch (strategy) {
    case 'sum':
      return mine.quantity + theirs.quantity;
    case 'max':
      return Math.max(mine.quantity, theirs.quantity);
    case 'keep-user':
      return mine.quantity;
    case 'keep-guest':
      return theirs.quantity;
  }
}

/**
 * What became of the guest's lines in a merge that was stored. It asks for no limits, which may have changed since: a
 * repeat tells what the first answer told.
 *
 * @param before the user's basket before the merge
 * @param guest the guest's basket as the merge found it
 */
export function reportOf(before: Basket, guest: OpenBasket, { strategy, items }: BasketsMerged): MergedLine[] {
  const had = byProduct(isOpen(before) ? before.lines : []);
  const taken = byProduct(items);
  return guest.lines.map((theirs) => {
    const { productId, quantity: guestQuantity } = theirs;
    const mine = had.get(productId);
    const item = taken.get(productId);
    const outcome = outcomeOf(item, mine, wantedQuantity(mine, theirs, strategy));
    return { productId, outcome, guestQuantity, quantity: (item ?? mine)?.quantity ?? 0 };
  });
}

function outcomeOf(item: ItemData | undefined, mine: ItemData | undefined, wanted: number): MergedLine['outcome'] {
  if (!item) return mine ? 'kept' : 'dropped';
  if (item.quantity < wanted) return 'capped';
  return mine ? 'merged' : 'added';
}

const byProduct = (items: readonly ItemData[]): Map<string, ItemData> =>
  new Map(items.map((item) => [item.productId, item]));
