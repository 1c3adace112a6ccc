import { Query, QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import { basketNotFound } from '../domain/basket.errors.js';

/** Enough for the cart badge of a page, without the lines. */
export interface BasketSummary {
  readonly userName: string;
  readonly version: number;
  readonly status: 'active' | 'abandoned';
  readonly currency: string;
  readonly totalItems: number;
  readonly totalPrice: number;
  /** How many lines there are. */
  readonly lines: number;
  readonly updatedAt: string;
}

export class GetBasketSummary extends Query<BasketSummary> {
  constructor(readonly userName: string) {
    super();
  }
}

@QueryHandler(GetBasketSummary)
export class GetBasketSummaryHandler implements IQueryHandler<GetBasketSummary> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName }: GetBasketSummary): Promise<BasketSummary> {
    const { json } = await this.baskets.find(userName);
    if (json === undefined) throw basketNotFound(userName);
    const { version, status, currency, totalItems, totalPrice, items, updatedAt } = JSON.parse(json.toString()) as Omit<
      BasketSummary,
      'lines'
    > & { items: unknown[] };
    return { userName, version, status, currency, totalItems, totalPrice, lines: items.length, updatedAt };
  }
}
