import { Query, QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import { basketNotFound } from '../domain/basket.errors.js';

/** The version that the user's events are at, for who wants to hear of later ones. */
export class GetBasketVersion extends Query<number> {
  constructor(
    readonly userName: string,
    /** Whether the caller knew the basket before, so that hearing of its end is part of the answer. */
    readonly known: boolean,
  ) {
    super();
  }
}

@QueryHandler(GetBasketVersion)
export class GetBasketVersionHandler implements IQueryHandler<GetBasketVersion> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName, known }: GetBasketVersion): Promise<number> {
    const { version, json } = await this.baskets.find(userName);
    if (version === 0 || (json === undefined && !known)) throw basketNotFound(userName);
    return version;
  }
}
