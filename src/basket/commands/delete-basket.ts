import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument } from '../basket.repository.js';
import { remove } from '../domain/decisions.js';
import type { Precondition } from '../domain/decisions.js';

export class DeleteBasket extends Command<BasketDocument> {
  constructor(
    readonly userName: string,
    readonly precondition?: Precondition,
  ) {
    super();
  }
}

@CommandHandler(DeleteBasket)
export class DeleteBasketHandler implements ICommandHandler<DeleteBasket> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName, precondition }: DeleteBasket) {
    const { document } = await this.baskets.update(userName, remove, { precondition });
    return document;
  }
}
