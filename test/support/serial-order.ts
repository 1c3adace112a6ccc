import { isOpen } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import { evolve } from '../../src/basket/domain/basket.js';
import { BasketError } from '../../src/basket/domain/basket.errors.js';
import { decide } from '../../src/basket/domain/decisions.js';
import type { Decide, Precondition } from '../../src/basket/domain/decisions.js';

/** What one writer asked for and was told in the end. */
export interface Answered {
  readonly decide: Decide;
  readonly precondition?: Precondition | undefined;
  /** Of a refusal its code, else what the basket was like. */
  readonly outcome: string;
}

/** What a basket is like, but for ids and times. */
export function contentOf(basket: Basket): string {
  const lines = isOpen(basket) ? basket.lines.map(({ addedAt: _, ...line }) => line) : undefined;
  return JSON.stringify([basket.version, isOpen(basket) && basket.currency, lines]);
}

/**
 * Whether the writers' requests, each writer's in its order, could have come one after the other: with the answers that
 * were given and the basket that was left.
 */
export function isSerial(before: Basket, writers: readonly (readonly Answered[])[], after: string): boolean {
  if (writers.every((requests) => requests.length === 0)) return contentOf(before) === after;
  return writers.some(([next, ...later], at) => {
    if (!next) return false;
    const { basket, outcome } = execute(before, next);
    return (
      outcome === next.outcome &&
      isSerial(
        basket,
        writers.map((requests, other) => (other === at ? later : requests)),
        after,
      )
    );
  });
}

function execute(before: Basket, { decide: by, precondition }: Answered): { basket: Basket; outcome: string } {
  try {
    const events = decide(before, by, 'next', precondition);
    const basket = events.reduce<Basket>(
      (state, event) => evolve(state, { ...event, version: state.version + 1, occurredAt: '' }),
      before,
    );
    return { basket, outcome: contentOf(basket) };
  } catch (error) {
    if (error instanceof BasketError) return { basket: before, outcome: error.code };
    throw error;
  }
}
