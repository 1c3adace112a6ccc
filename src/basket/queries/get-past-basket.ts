import { Query, QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { toDocument } from '../basket-document.js';
import { BasketHistory } from '../basket.history.js';
import type { OpenDocument } from '../basket.repository.js';
import { basketNotFound } from '../domain/basket.errors.js';

/** The basket as it was at a version or at a time. */
export class GetPastBasket extends Query<OpenDocument> {
  constructor(
    readonly userName: string,
    readonly moment: { readonly version: number } | { readonly at: Date },
  ) {
    super();
  }
}

@QueryHandler(GetPastBasket)
export class GetPastBasketHandler implements IQueryHandler<GetPastBasket> {
  constructor(private readonly history: BasketHistory) {}

  async execute({ userName, moment }: GetPastBasket): Promise<OpenDocument> {
    const basket =
      'version' in moment
        ? await this.history.asOf(userName, moment.version)
        : await this.history.at(userName, moment.at);
    const { version, json } = toDocument(basket);
    if (json === undefined) throw basketNotFound(userName);
    return { version, json };
  }
}
