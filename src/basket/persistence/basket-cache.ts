import type { BasketDocument } from '../basket.repository.js';

/** A hit; or a miss, with the lease to fill it unless somebody else holds one. */
export type Look = { readonly basket: BasketDocument } | { readonly basket?: undefined; readonly lease?: string };

/**
 * Baskets near at hand, and notes that there is none. It never fails its caller: what does not answer in time is a
 * miss, and what it could not be told it repairs by itself.
 *
 * A version guard alone does not keep a cache right: a write or fill that was held up would bring an old basket back
 * once the newer one has expired or was flushed. So a value enters an empty place only under a lease, which is taken
 * before the store is read or written and which anything that happens to the place in between takes away.
 */
export abstract class BasketCache {
  abstract readonly kind: 'redis' | 'in-process';

  abstract look(userName: string): Promise<Look>;

  /** After a read from the store. Takes effect only while the lease is untouched. */
  abstract fill(userName: string, basket: BasketDocument, lease: string): Promise<void>;

  /** After a commit: takes the place of something older, and ends a lease. */
  abstract put(userName: string, basket: BasketDocument): Promise<void>;

  /** Removes whatever is older than a version that is known to be stored, and any lease. */
  abstract drop(userName: string, version: number): Promise<void>;

  /** Milliseconds of a round trip. @throws Error when there is no answer */
  abstract ping(): Promise<number>;

  abstract close(): Promise<void>;
}

/** The injection token of the `BasketCache`, null where there is none. */
export const BASKET_CACHE = Symbol('BASKET_CACHE');

/** Longer than any read from the store may take. */
export const LEASE_MS = 10_000;
