import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument } from '../basket.repository.js';
import { clear } from '../domain/decisions.js';
import type { Precondition } from '../domain/decisions.js';

export class ClearBasket extends Command<BasketDocument> {
  constructor(
    readonly userName: string,
    readonly precondition?: Precondition,
  ) {
    super();
  }
}

@CommandHandler(ClearBasket)
export class ClearBasketHandler implements ICommandHandler<ClearBasket> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName, precondition }: ClearBasket) {
    const { document } = await this.baskets.update(userName, clear, { precondition });
    return document;
  }
}
