import type { Item } from './shopping.js';

export type Strategy = 'sum' | 'max' | 'keep-user' | 'keep-guest';

export interface ReportLine {
  readonly productId: string;
  readonly outcome: string;
  readonly guestQuantity: number;
  readonly quantity: number;
}

/** What the contract says of a merge, for lines that are within the limits before. */
export function mergeOf(
  mine: readonly Item[],
  theirs: readonly Item[],
  strategy: Strategy,
  { maxLines, maxQuantity }: { readonly maxLines: number; readonly maxQuantity: number },
) {
  const items = new Map(mine.map((item) => [item.productId, item]));
  const report = theirs.map((their): ReportLine => {
    const { productId, quantity: guestQuantity } = their;
    const my = items.get(productId);
    const wanted = my ? chosen(my.quantity, guestQuantity, strategy) : guestQuantity;
    const told = { productId, guestQuantity };
    if (!my && items.size === maxLines) return { ...told, outcome: 'dropped', quantity: 0 };
    if (my?.quantity === wanted) return { ...told, outcome: 'kept', quantity: wanted };
    const quantity = Math.min(wanted, maxQuantity);
    items.set(productId, { ...their, quantity });
    if (quantity < wanted) return { ...told, outcome: 'capped', quantity };
    return { ...told, outcome: my ? 'merged' : 'added', quantity };
  });
  return { items: [...items.values()], report };
}

function chosen(mine: number, theirs: number, strategy: Strategy): number {
  return { sum: mine + theirs, max: Math.max(mine, theirs), 'keep-user': mine, 'keep-guest': theirs }[strategy];
}
