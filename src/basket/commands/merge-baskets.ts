import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { BasketHistory } from '../basket.history.js';
import { BasketRepository } from '../basket.repository.js';
import type { WriteOptions, Written } from '../basket.repository.js';
import { isOpen } from '../domain/basket.js';
import type { Basket, OpenBasket } from '../domain/basket.js';
import { BasketError } from '../domain/basket.errors.js';
import type { MergeStrategy, RecordedEvent } from '../domain/basket.events.js';
import { Limits, requireOpen } from '../domain/decisions.js';
import { mergeInto, reportOf } from '../domain/merge.js';
import type { MergedLine } from '../domain/merge.js';
import { MergeCompletion } from '../merge-completion.js';
import type { StoredMerge } from '../merge-completion.js';

const MOST_ATTEMPTS = 50;

export interface Merging {
  /** Whose basket is emptied into the user's. */
  readonly fromUserName: string;
  readonly strategy: MergeStrategy;
}

type Merged = Written & { readonly report: readonly MergedLine[] };

/** Answers what became of each line; when there is nothing left to merge, what became of it in the last merge. */
export class MergeBaskets extends Command<Merged> {
  constructor(
    readonly userName: string,
    readonly merging: Merging,
    readonly options: WriteOptions = {},
  ) {
    super();
  }
}

/** A merge that is stored, on a basket that was like this before. */
interface Earlier {
  readonly cause: string;
  readonly before: Basket;
  readonly merge: StoredMerge;
}

/**
 * Two streams, two appends (ADR 6): the user's first, so that no line is ever in neither basket, then the guest's. The
 * merges of one guest's basket into one user's are numbered; each number is taken once, and only after the merge before
 * was completed. So whoever repeats a merge that was cut short finishes it, and of two at once one takes the lines.
 */
@CommandHandler(MergeBaskets)
export class MergeBasketsHandler implements ICommandHandler<MergeBaskets> {
  constructor(
    private readonly baskets: BasketRepository,
    private readonly history: BasketHistory,
    private readonly completion: MergeCompletion,
    private readonly limits: Limits,
  ) {}

  async execute({ userName, merging, options }: MergeBaskets): Promise<Merged> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const merged = await this.attempt(userName, merging, options);
      if (merged) return merged;
    }
    throw new BasketError('conflict', `The basket of ${merging.fromUserName} was merged ${MOST_ATTEMPTS} times.`);
  }

  /** @returns undefined when another request has merged the same basket meanwhile */
  private async attempt(userName: string, { fromUserName, strategy }: Merging, options: WriteOptions) {
    const found = await this.asItIs(fromUserName);
    const earlier = isOpen(found) ? await this.lastMerge(userName, found) : undefined;
    if (earlier) await this.completion.complete(earlier.merge);
    const guest = earlier ? await this.asItIs(fromUserName) : found;
    const causationId = isOpen(guest) ? nextCause(guest, earlier) : undefined;
    const { before, events, document, replayed, ...update } = await this.baskets.update(
      userName,
      (basket, nextBasketId) => {
        const decided = mergeInto(basket, requireOpen(guest), strategy, this.limits, nextBasketId);
        if (decided.length === 0) requireOpen(basket);
        return decided;
      },
      { ...options, causationId },
    );
    if (replayed && update.causationId === causationId) return undefined;
    const merge = mergeIn(userName, events);
    // Nobody needs to read again what this very request has merged.
    const source = merge && !replayed && isOpen(guest) ? guest : undefined;
    if (merge) await this.completion.complete(merge, source);
    const told = merge ? { before, merge } : earlier;
    return { basket: document, replayed, report: told ? await this.report(told.before, told.merge, source) : [] };
  }

  private async asItIs(userName: string): Promise<Basket> {
    return (await this.baskets.update(userName, () => [])).after;
  }

  private async lastMerge(userName: string, guest: OpenBasket): Promise<Earlier | undefined> {
    const cause = await this.history.lastCause(userName, causesOf(guest));
    const done = cause === undefined ? undefined : await this.history.findAppend(userName, { causationId: cause });
    const merge = done && mergeIn(userName, done.events);
    return cause !== undefined && merge ? { cause, before: done.before, merge } : undefined;
  }

  private async report(before: Basket, merge: StoredMerge, known: OpenBasket | undefined) {
    const source = known ?? (await this.completion.source(merge));
    return source ? reportOf(before, source, merge) : [];
  }
}

/** What the causes of all merges of a guest's basket start with. */
const causesOf = ({ basketId }: OpenBasket): string => `basket:${basketId}#`;

function nextCause(guest: OpenBasket, earlier: Earlier | undefined): string {
  const prefix = causesOf(guest);
  const isOfThisBasket = earlier?.cause.startsWith(prefix) ?? false;
  return `${prefix}${isOfThisBasket ? Number(earlier?.cause.slice(prefix.length)) + 1 : 1}`;
}

function mergeIn(userName: string, events: readonly RecordedEvent[]): StoredMerge | undefined {
  const event = events.find(({ type }) => type === 'BasketsMerged');
  return event?.type === 'BasketsMerged' ? { ...event.data, userName, version: event.version } : undefined;
}
