import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions } from '../basket.repository.js';
import { checkOut } from '../domain/checkout.js';
import { requireOpen } from '../domain/decisions.js';

export interface CheckedOut {
  readonly basketId: string;
  /** That of the BasketCheckedOut event. */
  readonly version: number;
  readonly checkedOutAt: string;
}

export class CheckOut extends Command<{ checkedOut: CheckedOut; replayed: boolean }> {
  constructor(
    readonly userName: string,
    /** The version that the shopper saw. */
    readonly version: number,
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

@CommandHandler(CheckOut)
export class CheckOutHandler implements ICommandHandler<CheckOut> {
  constructor(private readonly baskets: BasketRepository) {}

  async execute({ userName, version, options }: CheckOut) {
    const { before, events, replayed } = await this.baskets.update(
      userName,
      (basket) => checkOut(basket, version),
      options,
    );
    const checkedOut = {
      basketId: requireOpen(before).basketId,
      version: before.version + 1,
      checkedOutAt: events[0]?.occurredAt ?? '',
    };
    return { checkedOut, replayed };
  }
}
