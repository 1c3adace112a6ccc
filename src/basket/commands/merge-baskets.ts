import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketHistory } from '../basket.history.js';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { isOpen } from '../domain/basket.js';
import type { Basket, OpenBasket } from '../domain/basket.js';
import { basketNotFound } from '../domain/basket.errors.js';
import type { MergeStrategy } from '../domain/basket.events.js';
import { Limits } from '../domain/decisions.js';
import { mergeInto, moveOut } from '../domain/merge.js';
import type { MergedLine } from '../domain/merge.js';
import { MergeCompletion, causeOfMerge, prefixOfCauses } from '../merge-completion.js';

export interface Merging {
  /** Whose basket is emptied into the user's. */
  readonly fromUserName: string;
  readonly strategy: MergeStrategy;
}

export class MergeBaskets extends Command<Written & { report: readonly MergedLine[] }> {
  constructor(
    readonly userName: string,
    readonly merging: Merging,
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

/**
 * Two streams, two appends: the user's first, so that no line is ever in neither basket. The state of the guest's
 * basket is the cause of the first and the merge the cause of the second, and each takes effect once for its cause:
 * whoever repeats a merge that was cut short finishes it, and so does the relay (ADR 6).
 */
@CommandHandler(MergeBaskets)
export class MergeBasketsHandler implements ICommandHandler<MergeBaskets> {
  constructor(
    private readonly baskets: BasketRepository,
    private readonly history: BasketHistory,
    private readonly completion: MergeCompletion,
    private readonly limits: Limits,
  ) {}

  async execute({ userName, merging, options }: MergeBaskets) {
    const { fromUserName, strategy } = merging;
    const guest = await this.settled(userName, fromUserName);
    const merge = (basket: Basket, from: OpenBasket, nextBasketId = '') =>
      mergeInto(basket, from, strategy, this.limits, nextBasketId);
    const { before, after, document, replayed, causationId } = await this.baskets.update(
      userName,
      (basket, nextBasketId) => {
        if (!isOpen(guest)) throw basketNotFound(fromUserName);
        const { events } = merge(basket, guest, nextBasketId);
        if (events.length === 0 && !isOpen(basket)) throw basketNotFound(userName);
        return events;
      },
      { ...options, causationId: isOpen(guest) ? causeOfMerge(guest) : undefined },
    );
    const stored = causationId && { userName, version: after.version, fromUserName, causationId };
    const from = stored ? await this.completion.source(stored) : guest;
    if (!isOpen(from)) throw basketNotFound(fromUserName);
    if (stored) await this.completion.complete(stored);
    else await this.baskets.update(fromUserName, (current) => moveOut(current, from.lines));
    return { basket: document, replayed, report: merge(before, from).report };
  }

  /** The guest's basket as it is, after finishing an earlier merge of it into the user's that was cut short. */
  private async settled(userName: string, fromUserName: string): Promise<Basket> {
    const { after: guest } = await this.baskets.update(fromUserName, () => []);
    const earlier = isOpen(guest) && (await this.history.lastCaused(userName, prefixOfCauses(guest)));
    if (!earlier) return guest;
    const { causationId, lastVersion: version } = earlier;
    const moved = await this.completion.complete({ userName, version, fromUserName, causationId });
    return moved.replayed ? guest : moved.after;
  }
}
