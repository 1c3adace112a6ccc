import { inSpan } from '../../telemetry/spans.js';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument, BasketUpdate, UpdateOptions } from '../basket.repository.js';
import type { Decide } from '../domain/decisions.js';

/** Another repository, with a span around what each request asks of it. */
export class TracedBasketRepository extends BasketRepository {
  constructor(private readonly inner: BasketRepository) {
    super();
  }

  find(userName: string): Promise<BasketDocument> {
    return inSpan('repository.find', () => this.inner.find(userName));
  }

  update(userName: string, by: Decide, options?: UpdateOptions): Promise<BasketUpdate> {
    return inSpan('repository.update', () => this.inner.update(userName, by, options));
  }
}
