import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { isOpen } from '../domain/basket.js';
import { Limits, replaceBasket } from '../domain/decisions.js';
import type { Replacement } from '../domain/decisions.js';

export class PutBasket extends Command<Written & { created: boolean }> {
  constructor(
    readonly userName: string,
    readonly replacement: Replacement,
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

@CommandHandler(PutBasket)
export class PutBasketHandler implements ICommandHandler<PutBasket> {
  constructor(
    private readonly baskets: BasketRepository,
    private readonly limits: Limits,
  ) {}

  async execute({ userName, replacement, options }: PutBasket) {
    const { before, document, replayed } = await this.baskets.update(
      userName,
      (basket, nextBasketId) => replaceBasket(basket, replacement, this.limits, nextBasketId),
      options,
    );
    return { created: !isOpen(before), basket: document, replayed };
  }
}
