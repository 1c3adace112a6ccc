import { Query, QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { OpenDocument } from '../basket.repository.js';
import { basketNotFound } from '../domain/basket.errors.js';

export class GetBasket extends Query<OpenDocument> {
  constructor(readonly userName: string) {
    super();
  }
}

@QueryHandler(GetBasket)
export class GetBasketHandler implements IQueryHandler<GetBasket> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName }: GetBasket): Promise<OpenDocument> {
    const { version, json } = await this.baskets.find(userName);
    if (json === undefined) throw basketNotFound(userName);
    return { version, json };
  }
}
