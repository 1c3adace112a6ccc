import fc from 'fast-check';
import { abandon } from '../../src/basket/domain/abandonment.js';
import { evolve, noBasket } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import { BasketError } from '../../src/basket/domain/basket.errors.js';
import type { BasketErrorCode } from '../../src/basket/domain/basket.errors.js';
import type { ItemData, RecordedEvent } from '../../src/basket/domain/basket.events.js';
import {
  Limits,
  addItem,
  clear,
  decide,
  remove,
  removeItem,
  replaceBasket,
  updateQuantity,
} from '../../src/basket/domain/decisions.js';
import type { Decide, Precondition } from '../../src/basket/domain/decisions.js';
import { ALICE } from './given.js';

export const LIMITS = new Limits(3, 20);
/** Than any time of a run. */
const LATER = '2027-01-01T00:00:00.000Z';

type Command =
  | { readonly type: 'put'; readonly currency: string; readonly items: readonly ItemData[] }
  | { readonly type: 'add'; readonly currency: string; readonly item: ItemData }
  | { readonly type: 'set'; readonly productId: string; readonly quantity: number }
  | { readonly type: 'removeItem'; readonly productId: string }
  | { readonly type: 'clear' }
  | { readonly type: 'remove' }
  /** Nothing was done for long. */
  | { readonly type: 'abandon' };

export type Request = Command & { readonly precondition?: Precondition };

const productId = fc.constantFrom(...[1, 2, 3, 4, 5].map((n) => `00000000-0000-4000-8000-00000000000${n}`));
const quantity = fc.integer({ min: 1, max: 12 });
const currency = fc.constantFrom('EUR', 'EUR', 'EUR', 'JPY');
const item: fc.Arbitrary<ItemData> = fc.record({
  productId,
  productName: fc.oneof(fc.constantFrom('Pencil', '鉛筆 😀', '"\\\u2028'), fc.string({ minLength: 1, maxLength: 9 })),
  unitPrice: fc.oneof(
    { weight: 6, arbitrary: fc.nat(100_000_000_000) },
    { weight: 1, arbitrary: fc.integer({ min: 2 ** 51, max: Number.MAX_SAFE_INTEGER }) },
  ),
  quantity,
});
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('put' as const), currency, items: fc.array(item, { maxLength: 4 }) }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('add' as const), currency, item }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('set' as const), productId, quantity: fc.integer({ min: 1, max: 22 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('removeItem' as const), productId }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('clear' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('abandon' as const) }) },
);
const precondition: fc.Arbitrary<Precondition> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  fc.record({ match: fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 6 }) }),
  fc.constant({ match: '*' as const }),
  fc.constant({ noneMatch: '*' as const }),
);
export const requests: fc.Arbitrary<Request[]> = fc.array(
  fc.tuple(command, precondition).map(([asked, demanded]) => ({ ...asked, precondition: demanded })),
  { minLength: 1, maxLength: 30, size: 'max' },
);

const decisionOf =
  (asked: Command): Decide =>
  (basket, nextBasketId) => {
    switch (asked.type) {
      case 'put':
        return replaceBasket(basket, asked, LIMITS, nextBasketId);
      case 'add':
        return addItem(basket, { ...asked.item, currency: asked.currency }, LIMITS, nextBasketId);
      case 'set':
        return updateQuantity(basket, asked, LIMITS);
      case 'removeItem':
        return removeItem(basket, asked.productId);
      case 'clear':
        return clear(basket);
      case 'remove':
        return remove(basket);
      case 'abandon':
        return abandon(basket, LATER);
    }
  };

export interface Step {
  readonly asked: Request;
  readonly before: Basket;
  readonly after: Basket;
  readonly refusal?: BasketErrorCode;
}

export interface Run {
  readonly events: readonly RecordedEvent[];
  readonly steps: readonly Step[];
  readonly state: Basket;
}

/** What a store with one writer would keep. Its clock and ids come from the number of the step. */
export function run(asked: readonly Request[]): Run {
  const events: RecordedEvent[] = [];
  const steps: Step[] = [];
  let state: Basket = noBasket(ALICE);
  for (const [at, request] of asked.entries()) {
    const before = state;
    const occurredAt = new Date(Date.UTC(2026, 10, 23, 9, 0, at)).toISOString();
    try {
      for (const event of decide(before, decisionOf(request), `basket-${at}`, request.precondition)) {
        const stored = { ...event, version: state.version + 1, occurredAt };
        events.push(stored);
        state = evolve(state, stored);
      }
      steps.push({ asked: request, before, after: state });
    } catch (error) {
      if (!(error instanceof BasketError)) throw error;
      steps.push({ asked: request, before, after: state, refusal: error.code });
    }
  }
  return { events, steps, state };
}
