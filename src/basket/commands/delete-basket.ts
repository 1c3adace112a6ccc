import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { remove } from '../domain/decisions.js';

export class DeleteBasket extends Command<Written> {
  constructor(
    readonly userName: string,
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

@CommandHandler(DeleteBasket)
export class DeleteBasketHandler implements ICommandHandler<DeleteBasket> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName, options }: DeleteBasket) {
    const { document, replayed } = await this.baskets.update(userName, remove, options);
    return { basket: document, replayed };
  }
}
