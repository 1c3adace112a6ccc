import type { Basket } from './domain/basket.js';
import type { RecordedEvent } from './domain/basket.events.js';
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
  /** What led from one to the other. */
  readonly events: readonly RecordedEvent[];
  /** `after` as it is stored. */
  readonly document: BasketDocument;
  /** What in another stream it was brought about by. */
  readonly causationId?: string | undefined;
  /** The command had taken effect before; this is what it did then. */
  readonly replayed: boolean;
}

/** The caller's name for a command, so that it takes effect once however often it is sent. */
export interface CommandIdentity {
  readonly id: string;
  /** Tells the request from another one that is given the same name. */
  readonly fingerprint: string;
}

export interface WriteOptions {
  readonly precondition?: Precondition | undefined;
  readonly command?: CommandIdentity | undefined;
}

export interface UpdateOptions extends WriteOptions {
  /** What in another stream brings the update about: it takes effect once for each cause. */
  readonly causationId?: string | undefined;
}

/** The document of a basket that is open. */
export type OpenDocument = BasketDocument & { readonly json: string | Buffer };

/** What the answer to a write tells. */
export interface Written {
  readonly basket: BasketDocument;
  readonly replayed: boolean;
}

/** The baskets, by the names of their users. Both methods throw DatabaseUnavailableError within the request's deadline. */
export abstract class BasketRepository {
  abstract find(userName: string): Promise<BasketDocument>;

  /**
   * Loads the basket, lets `decide` say what happens to it, and stores that. When another writer was faster it
   * starts over, so concurrent updates all take effect.
   *
   * @throws BasketError what `decide` refuses; `version-mismatch` when the precondition does not hold; `conflict`
   *   when other writers were faster too many times; `idempotency-key-reused` when the command's id has another
   *   fingerprint
   */
  abstract update(userName: string, decide: Decide, options?: UpdateOptions): Promise<BasketUpdate>;
}
