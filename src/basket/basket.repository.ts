import type { Basket } from './domain/basket.js';
import type { Decide, Precondition } from './domain/decisions.js';

/** What is stored of a user's basket. */
export interface BasketDocument {
  readonly version: number;
  /** What GET answers, byte for byte; undefined when the user has no open basket. */
  readonly json: string | Buffer | undefined;
}

export interface BasketUpdate {
  readonly before: Basket;
  readonly after: Basket;
  /** `after` as it is stored. */
  readonly document: BasketDocument;
}

export interface UpdateOptions {
  readonly precondition?: Precondition | undefined;
  /**
   * A basket to try the decision on before one is read from the store. It may be out of date: a refusal, or a
   * decision that there is nothing to do, counts only when it was taken on a fresh one.
   */
  readonly peek?: () => Promise<Basket | undefined>;
}

/** The baskets, by the names of their users. Both methods throw DatabaseUnavailableError within the request's deadline. */
export abstract class BasketRepository {
  abstract find(userName: string): Promise<BasketDocument>;

  /**
   * Loads the basket, lets `decide` say what happens to it, and stores that. When another writer was faster it
   * starts over, so concurrent updates all take effect.
   *
   * @throws BasketError what `decide` refuses; `version-mismatch` when the precondition does not hold; `conflict`
   *   when other writers were faster too many times
   */
  abstract update(userName: string, decide: Decide, options?: UpdateOptions): Promise<BasketUpdate>;
}
