import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument } from '../basket.repository.js';
import { isOpen } from '../domain/basket.js';
import { Limits, replaceBasket } from '../domain/decisions.js';
import type { Precondition, Replacement } from '../domain/decisions.js';

export class PutBasket extends Command<{ created: boolean; basket: BasketDocument }> {
  constructor(
    readonly userName: string,
    readonly replacement: Replacement,
    readonly precondition?: Precondition,
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

  async execute({ userName, replacement, precondition }: PutBasket) {
    const { before, document } = await this.baskets.update(
      userName,
      (basket, nextBasketId) => replaceBasket(basket, replacement, this.limits, nextBasketId),
      { precondition },
    );
    return { created: !isOpen(before), basket: document };
  }
}
