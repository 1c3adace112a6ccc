import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument, BasketUpdate, UpdateOptions } from '../basket.repository.js';
import type { Decide } from '../domain/decisions.js';

/** Tells this process of what it writes itself, without a way round. */
export class AnnouncingBasketRepository extends BasketRepository {
  constructor(
    private readonly inner: BasketRepository,
    private readonly announce: (userName: string, version: number) => void,
  ) {
    super();
  }

  find(userName: string): Promise<BasketDocument> {
    return this.inner.find(userName);
  }

  async update(userName: string, by: Decide, options?: UpdateOptions): Promise<BasketUpdate> {
    const update = await this.inner.update(userName, by, options);
    this.announce(userName, update.after.version);
    return update;
  }
}
