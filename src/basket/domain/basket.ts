import type { ItemData, RecordedEvent } from './basket.events.js';

export interface BasketLine extends ItemData {
  /** When the product came into the basket. */
  readonly addedAt: string;
}

/** A basket that can be read and changed. */
export interface OpenBasket {
  readonly status: 'active';
  readonly userName: string;
  /** The user's events so far: it goes on counting when a basket is deleted and another one created. */
  readonly version: number;
  readonly basketId: string;
  /** ISO 4217, fixed for the life of the basket. */
  readonly currency: string;
  /** In the order in which the products first came in. */
  readonly lines: readonly BasketLine[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The user has no basket: none yet (version 0), or the last one was deleted or checked out. */
export interface NoBasket {
  readonly status: 'none' | 'deleted' | 'checked-out';
  readonly userName: string;
  readonly version: number;
}

export type Basket = OpenBasket | NoBasket;

export const noBasket = (userName: string): NoBasket => ({ status: 'none', userName, version: 0 });

export const isOpen = (basket: Basket): basket is OpenBasket => basket.status === 'active';

export const lineOf = (basket: OpenBasket, productId: string): BasketLine | undefined =>
  basket.lines.find((line) => line.productId === productId);

export interface Totals {
  readonly totalItems: number;
  /** Minor units. Past 2^53-1 it is not a safe integer; decisions refuse such a basket. */
  readonly totalPrice: number;
}

export const lineTotal = (line: ItemData): number => line.unitPrice * line.quantity;

export function totals(lines: readonly ItemData[]): Totals {
  let totalItems = 0;
  let totalPrice = 0;
  for (const line of lines) {
    totalItems += line.quantity;
    totalPrice += lineTotal(line);
  }
  return { totalItems, totalPrice };
}

/** Folds one event into the basket. It only folds: whether the event may happen was decided before. */
export function evolve(basket: Basket, event: RecordedEvent): Basket {
  const { version, occurredAt } = event;
  switch (event.type) {
    case 'BasketCreated':
      return {
        status: 'active',
        userName: basket.userName,
        version,
        ...event.data,
        lines: [],
        createdAt: occurredAt,
        updatedAt: occurredAt,
      };
    case 'BasketReplaced':
      return withLines(basket, event, () => event.data.items.map((item) => ({ ...item, addedAt: occurredAt })));
    case 'BasketItemAdded':
      return withLines(basket, event, (lines) => merge(lines, { ...event.data, addedAt: occurredAt }));
    case 'BasketItemQuantityUpdated': {
      const { productId, quantity } = event.data;
      return withLines(basket, event, (lines) =>
        lines.map((line) => (line.productId === productId ? { ...line, quantity } : line)),
      );
    }
    case 'BasketItemRemoved':
      return withLines(basket, event, (lines) => lines.filter((line) => line.productId !== event.data.productId));
    case 'BasketCleared':
      return withLines(basket, event, () => []);
    case 'BasketDeleted':
      return { status: 'deleted', userName: basket.userName, version };
    case 'BasketsMerged':
      return withLines(basket, event, (lines) => set(lines, event.data.items, occurredAt));
    case 'BasketCheckedOut':
      return { status: 'checked-out', userName: basket.userName, version };
  }
}

/** A product that is there already gets the added quantity, and the newer name and price. */
function merge(lines: readonly BasketLine[], added: BasketLine): readonly BasketLine[] {
  if (!lines.some((line) => line.productId === added.productId)) return [...lines, added];
  return lines.map((line) =>
    line.productId === added.productId
      ? { ...added, quantity: line.quantity + added.quantity, addedAt: line.addedAt }
      : line,
  );
}

/** Products that are there take the new values in their place, the others come behind. */
function set(lines: readonly BasketLine[], items: readonly ItemData[], addedAt: string): readonly BasketLine[] {
  const byProduct = new Map(lines.map((line) => [line.productId, line]));
  for (const item of items)
    byProduct.set(item.productId, { ...item, addedAt: byProduct.get(item.productId)?.addedAt ?? addedAt });
  return [...byProduct.values()];
}

function withLines(
  basket: Basket,
  { version, occurredAt }: RecordedEvent,
  change: (lines: readonly BasketLine[]) => readonly BasketLine[],
): Basket {
  if (!isOpen(basket)) return { ...basket, version };
  return { ...basket, version, lines: change(basket.lines), updatedAt: occurredAt };
}
