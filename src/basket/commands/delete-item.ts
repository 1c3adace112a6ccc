import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { removeItem } from '../domain/decisions.js';

export class DeleteItem extends Command<Written> {
  constructor(
    readonly userName: string,
    readonly productId: string,
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

@CommandHandler(DeleteItem)
export class DeleteItemHandler implements ICommandHandler<DeleteItem> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName, productId, options }: DeleteItem) {
    const { document, replayed } = await this.baskets.update(
      userName,
      (basket) => removeItem(basket, productId),
      options,
    );
    return { basket: document, replayed };
  }
}
