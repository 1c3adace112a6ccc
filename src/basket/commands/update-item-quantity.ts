import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument } from '../basket.repository.js';
import { Limits, updateQuantity } from '../domain/decisions.js';
import type { Precondition, QuantityUpdate } from '../domain/decisions.js';

export class UpdateItemQuantity extends Command<BasketDocument> {
  constructor(
    readonly userName: string,
    readonly update: QuantityUpdate,
    readonly precondition?: Precondition,
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

  async execute({ userName, update, precondition }: UpdateItemQuantity) {
    const { document } = await this.baskets.update(userName, (basket) => updateQuantity(basket, update, this.limits), {
      precondition,
    });
    return document;
  }
}
