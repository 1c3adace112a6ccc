import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { executeBatch } from '../domain/batch.js';
import type { BatchCommand } from '../domain/batch.js';
import { Limits } from '../domain/decisions.js';

export class ExecuteBatch extends Command<Written> {
  constructor(
    readonly userName: string,
    readonly commands: readonly BatchCommand[],
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

@CommandHandler(ExecuteBatch)
export class ExecuteBatchHandler implements ICommandHandler<ExecuteBatch> {
  constructor(
    private readonly baskets: BasketRepository,
    private readonly limits: Limits,
  ) {}

  async execute({ userName, commands, options }: ExecuteBatch) {
    const { document, replayed } = await this.baskets.update(
      userName,
      (basket, nextBasketId) => executeBatch(basket, commands, this.limits, nextBasketId),
      options,
    );
    return { basket: document, replayed };
  }
}
