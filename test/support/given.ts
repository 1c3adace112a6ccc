import { evolve, noBasket, totals } from '../../src/basket/domain/basket.js';
import type { Basket, OpenBasket } from '../../src/basket/domain/basket.js';
import { BasketError } from '../../src/basket/domain/basket.errors.js';
import type { BasketErrorCode } from '../../src/basket/domain/basket.errors.js';
import type { BasketEvent, ItemData, MergeStrategy, RecordedEvent } from '../../src/basket/domain/basket.events.js';
import { decide } from '../../src/basket/domain/decisions.js';
import type { Decide, Precondition } from '../../src/basket/domain/decisions.js';

export const ALICE = 'alice';
export const FIRST_BASKET = '019ab3c2-7d1e-7c4a-9f2e-000000000001';
/** The basket that a decision opens, should it open one. */
export const NEXT_BASKET = '019ab3c2-7d1e-7c4a-9f2e-000000000002';

export const NOTEBOOK: ItemData = {
  productId: '5334c996-8457-4cf0-815c-ed2b77c4ff61',
  productName: 'Field notebook',
  unitPrice: 1250,
  quantity: 2,
};
export const PENCIL: ItemData = {
  productId: '0b8d9b0e-53a5-4a6c-a4c2-3a3b0e4a9c11',
  productName: 'Pencil',
  unitPrice: 90,
  quantity: 3,
};

export const created = (currency = 'EUR', basketId = FIRST_BASKET): BasketEvent => ({
  type: 'BasketCreated',
  data: { basketId, currency },
});
export const replaced = (items: readonly ItemData[], currency = 'EUR'): BasketEvent => ({
  type: 'BasketReplaced',
  data: { items, currency },
});
export const itemAdded = (item: ItemData, change: Partial<ItemData> = {}): BasketEvent => ({
  type: 'BasketItemAdded',
  data: { ...item, ...change },
});
export const quantityUpdated = (
  { productId }: ItemData,
  change: { readonly from: number; readonly to: number },
): BasketEvent => ({
  type: 'BasketItemQuantityUpdated',
  data: { productId, quantity: change.to, previousQuantity: change.from },
});
export const itemRemoved = ({ productId }: ItemData): BasketEvent => ({
  type: 'BasketItemRemoved',
  data: { productId },
});
export const cleared = (): BasketEvent => ({ type: 'BasketCleared', data: {} });
export const deleted = (): BasketEvent => ({ type: 'BasketDeleted', data: {} });
export const checkedOut = (items: readonly ItemData[], currency = 'EUR'): BasketEvent => ({
  type: 'BasketCheckedOut',
  data: { items, totalPrice: totals(items).totalPrice, currency },
});
export const merged = (
  { userName, basketId, version }: OpenBasket,
  items: readonly ItemData[],
  strategy: MergeStrategy = 'sum',
): BasketEvent => ({
  type: 'BasketsMerged',
  data: { fromUserName: userName, fromBasketId: basketId, fromVersion: version, strategy, items },
});
export const abandoned = (lastActivityAt: string): BasketEvent => ({
  type: 'BasketAbandoned',
  data: { lastActivityAt },
});
export const reactivated = (): BasketEvent => ({ type: 'BasketReactivated', data: {} });

/** When the event with this version happened: there is one a minute. */
export const timeOf = (version: number): string => new Date(Date.UTC(2026, 10, 23, 9, version)).toISOString();

/** The events at their places in a stream that has `after` events already. */
export const recorded = (events: readonly BasketEvent[], after = 0): RecordedEvent[] =>
  events.map((event, at) => ({ ...event, version: after + at + 1, occurredAt: timeOf(after + at + 1) }));

/** Frozen, so that neither a decision nor the fold can change what it was given. */
export const basketAfter = (events: readonly BasketEvent[]): Basket =>
  recorded(events).reduce<Basket>((basket, event) => frozen(evolve(basket, frozen(event))), frozen(noBasket(ALICE)));

/** `given(events).when(decision, precondition?).then(events)`, or `.thenRefused(code)`. */
export function given(events: readonly BasketEvent[]) {
  const basket = basketAfter(events);
  return {
    when(decision: Decide, precondition?: Precondition) {
      const outcome = () => decide(basket, decision, NEXT_BASKET, precondition);
      return {
        then(expected: readonly BasketEvent[]): void {
          expect(outcome()).toStrictEqual(expected);
        },
        thenRefused(code: BasketErrorCode, extensions: Readonly<Record<string, unknown>> = {}): void {
          const refusal = refusalOf(outcome);
          expect({ code: refusal.code, extensions: refusal.extensions }).toStrictEqual({ code, extensions });
        },
      };
    },
  };
}

function refusalOf(outcome: () => readonly BasketEvent[]): BasketError {
  let events;
  try {
    events = outcome();
  } catch (error) {
    if (error instanceof BasketError) return error;
    throw error;
  }
  throw new Error(`It was not refused: ${JSON.stringify(events)}`);
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
