import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument, BasketUpdate, UpdateOptions } from '../basket.repository.js';
import type { Decide } from '../domain/decisions.js';
import type { BasketCache } from './basket-cache.js';

/** Cache-aside in front of another repository. No decision depends on the cache being there or up to date. */
export class CachedBasketRepository extends BasketRepository {
  constructor(
    private readonly inner: BasketRepository,
    private readonly cache: BasketCache,
  ) {
    super();
  }

  async find(userName: string): Promise<BasketDocument> {
    const cached = await this.cache.look(userName);
    if (cached.basket) return cached.basket;
    const stored = await this.inner.find(userName);
    if (cached.lease !== undefined) await this.cache.fill(userName, stored, cached.lease);
    return stored;
  }

  async update(userName: string, by: Decide, options: UpdateOptions = {}): Promise<BasketUpdate> {
    const update = await this.inner.update(userName, by, options);
    // Also when nothing changed: what the cache has may be older than what was decided on.
    if (!update.replayed) await this.cache.put(userName, update.document);
    return update;
  }
}
