import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument } from '../basket.repository.js';
import { isOpen, lineOf } from '../domain/basket.js';
import { Limits, addItem } from '../domain/decisions.js';
import type { Addition, Precondition } from '../domain/decisions.js';

/** Answers whether the product came in as a new line. */
export class AddItem extends Command<{ created: boolean; basket: BasketDocument }> {
  constructor(
    readonly userName: string,
    readonly item: Addition,
    readonly precondition?: Precondition,
  ) {
    super();
  }
}

@CommandHandler(AddItem)
export class AddItemHandler implements ICommandHandler<AddItem> {
  constructor(
    private readonly baskets: BasketRepository,
    private readonly limits: Limits,
  ) {}

  async execute({ userName, item, precondition }: AddItem) {
    const { before, document } = await this.baskets.update(
      userName,
      (basket, nextBasketId) => addItem(basket, item, this.limits, nextBasketId),
      { precondition },
    );
    return { created: !(isOpen(before) && lineOf(before, item.productId)), basket: document };
  }
}
