import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument, BasketUpdate, UpdateOptions } from '../basket.repository.js';
import type { Decide } from '../domain/decisions.js';
import type { BasketCache } from './basket-cache.js';
import { fromDocument } from '../basket-document.js';

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
    let lease: string | undefined;
    const peek = async () => {
      const cached = await this.cache.look(userName);
      if (cached.basket) return fromDocument(userName, cached.basket);
      lease = cached.lease;
      return undefined;
    };
    const update = await this.inner.update(userName, by, { ...options, peek });
    if (update.replayed) return update;
    if (update.after !== update.before) await this.cache.put(userName, update.document, lease);
    else if (lease !== undefined) await this.cache.fill(userName, update.document, lease);
    return update;
  }
}
