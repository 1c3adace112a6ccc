import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { clear } from '../domain/decisions.js';

export class ClearBasket extends Command<Written> {
  constructor(
    readonly userName: string,
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

@CommandHandler(ClearBasket)
export class ClearBasketHandler implements ICommandHandler<ClearBasket> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName, options }: ClearBasket) {
    const { document, replayed } = await this.baskets.update(userName, clear, options);
    return { basket: document, replayed };
  }
}
