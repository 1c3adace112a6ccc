import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { Limits, updateQuantity } from '../domain/decisions.js';
import type { QuantityUpdate } from '../domain/decisions.js';

export class UpdateItemQuantity extends Command<Written> {
  constructor(
    readonly userName: string,
    readonly update: QuantityUpdate,
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

@CommandHandler(UpdateItemQuantity)
export class UpdateItemQuantityHandler implements ICommandHandler<UpdateItemQuantity> {
  constructor(
    private readonly baskets: BasketRepository,
    private readonly limits: Limits,
  ) {}

  async execute({ userName, update, options }: UpdateItemQuantity) {
    const { document, replayed } = await this.baskets.update(
      userName,
      (basket) => updateQuantity(basket, update, this.limits),
      options,
    );
    return { basket: document, replayed };
  }
}
