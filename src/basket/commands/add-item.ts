import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { isOpen, lineOf } from '../domain/basket.js';
import { Limits, addItem } from '../domain/decisions.js';
import type { Addition } from '../domain/decisions.js';

/** Answers whether the product came in as a new line. */
export class AddItem extends Command<Written & { created: boolean }> {
  constructor(
    readonly userName: string,
    readonly item: Addition,
    readonly options: WriteOptions = {},
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

  async execute({ userName, item, options }: AddItem) {
    const { before, document, replayed } = await this.baskets.update(
      userName,
      (basket, nextBasketId) => addItem(basket, item, this.limits, nextBasketId),
      options,
    );
    return { created: !(isOpen(before) && lineOf(before, item.productId)), basket: document, replayed };
  }
}
