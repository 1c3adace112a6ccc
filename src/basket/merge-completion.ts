import { setTimeout } from 'node:timers/promises';
import type { BasketHistory } from './basket.history.js';
import type { BasketRepository } from './basket.repository.js';
import { isOpen } from './domain/basket.js';
import type { OpenBasket } from './domain/basket.js';
import { BasketError } from './domain/basket.errors.js';
import type { BasketsMerged } from './domain/basket.events.js';
import { followGuest, mergedGuest, moveOut } from './domain/move-out.js';
import type { MergedGuest } from './domain/move-out.js';

/** A BasketsMerged event at its place. */
export interface StoredMerge extends BasketsMerged {
  readonly userName: string;
  readonly version: number;
}

const MOVED_OUT = 'merge:';
const PAGE = 500;
/** Attempts while the guest goes on shopping. */
const MOST_ATTEMPTS = 50;

/** The second append of a merge: the guest's basket is emptied of what the first one took. It takes effect once. */
export class MergeCompletion {
  constructor(
    private readonly baskets: BasketRepository,
    private readonly history: BasketHistory,
  ) {}

  /** The guest's basket as the merge found it; undefined when that user's events are not there any more. */
  async source({ fromUserName, fromVersion }: BasketsMerged): Promise<OpenBasket | undefined> {
    const guest = await this.history.asOf(fromUserName, fromVersion).catch(absent);
    return guest && isOpen(guest) ? guest : undefined;
  }

  /**
   * @param source where it is known already
   * @throws BasketError `conflict` when the guest's basket changed too many times meanwhile
   */
  async complete(merge: StoredMerge, source?: OpenBasket): Promise<void> {
    for (let attempt = 1; !(await this.attempt(merge, source)); attempt++) {
      if (attempt === MOST_ATTEMPTS) throw outdated(merge.fromUserName);
      await setTimeout(Math.random() * Math.min(50, 2 ** attempt));
    }
  }

  /** @returns false when the guest's basket has changed since it was looked at */
  private async attempt(merge: StoredMerge, known: OpenBasket | undefined): Promise<boolean> {
    const source = known ?? (await this.source(merge));
    const guest = source && (await this.since(source));
    if (!guest || guest.pieces.size === 0) return true;
    const { fromUserName, userName, version } = merge;
    try {
      await this.baskets.update(
        fromUserName,
        (current) => {
          if (current.version !== guest.basket.version) throw outdated(fromUserName);
          return moveOut(guest);
        },
        { causationId: `${MOVED_OUT}${userName}@${version}` },
      );
      return true;
    } catch (error) {
      if (error instanceof BasketError && error.code === 'conflict') return false;
      throw error;
    }
  }

  private async since(source: OpenBasket): Promise<MergedGuest> {
    let guest = mergedGuest(source);
    for (;;) {
      const events = await this.history.eventsAfter(source.userName, guest.basket.version, PAGE);
      for (const { causationId, ...event } of events)
        guest = followGuest(guest, event, causationId?.startsWith(MOVED_OUT) ?? false);
      if (events.length < PAGE || guest.pieces.size === 0) return guest;
    }
  }
}

const outdated = (userName: string) => new BasketError('conflict', `The basket of ${userName} is being changed.`);

function absent(error: unknown): undefined {
  if (error instanceof BasketError && error.code === 'version-not-found') return undefined;
  throw error;
}
