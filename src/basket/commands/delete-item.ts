import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument } from '../basket.repository.js';
import { removeItem } from '../domain/decisions.js';
import type { Precondition } from '../domain/decisions.js';

export class DeleteItem extends Command<BasketDocument> {
  constructor(
    readonly userName: string,
    readonly productId: string,
    readonly precondition?: Precondition,
  ) {
    super();
  }
}

@CommandHandler(DeleteItem)
export class DeleteItemHandler implements ICommandHandler<DeleteItem> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName, productId, precondition }: DeleteItem) {
    const { document } = await this.baskets.update(userName, (basket) => removeItem(basket, productId), {
      precondition,
    });
    return document;
  }
}
