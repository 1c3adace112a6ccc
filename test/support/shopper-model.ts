import type { Item } from './shopping.js';

/** One of a batch. */
export type ModelCommand =
  | { readonly kind: 'add'; readonly currency: string; readonly item: Item }
  | { readonly kind: 'change'; readonly productId: string; readonly quantity: number }
  | { readonly kind: 'remove'; readonly productId: string }
  | { readonly kind: 'clear' };

export interface ModelBasket {
  readonly currency: string;
  readonly items: readonly Item[];
}

/** A user: the state after each event, the first one before any. */
export class Shopper {
  readonly past: (ModelBasket | undefined)[] = [undefined];
  /** How many baskets were opened. */
  baskets = 0;

  get version(): number {
    return this.past.length - 1;
  }

  get basket(): ModelBasket | undefined {
    return this.past.at(-1);
  }

  /** One event. */
  become(basket: ModelBasket | undefined): void {
    this.past.push(basket);
  }

  open(currency: string): void {
    if (this.basket) return;
    this.baskets++;
    this.become({ currency, items: [] });
  }
}

/** What was not refused; an event for each that changes something. */
export function execute(shopper: Shopper, command: ModelCommand): void {
  if (command.kind === 'add') shopper.open(command.currency);
  const { currency, items } = shopper.basket ?? { currency: '', items: [] };
  const changed = changedItems(items, command);
  if (command.kind === 'add' || !sameItems(items, changed)) shopper.become({ currency, items: changed });
}

function changedItems(items: readonly Item[], command: ModelCommand): readonly Item[] {
  switch (command.kind) {
    case 'add': {
      const { item } = command;
      const there = items.find(({ productId }) => productId === item.productId);
      const sum = { ...item, quantity: item.quantity + (there?.quantity ?? 0) };
      return there ? items.map((other) => (other === there ? sum : other)) : [...items, sum];
    }
    case 'change':
      return items.map((item) =>
        item.productId === command.productId ? { ...item, quantity: command.quantity } : item,
      );
    case 'remove':
      return items.filter(({ productId }) => productId !== command.productId);
    case 'clear':
      return [];
  }
}

export const sameItems = (one: readonly Item[], other: readonly Item[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
