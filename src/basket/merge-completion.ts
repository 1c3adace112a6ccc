import type { BasketHistory } from './basket.history.js';
import type { BasketRepository, BasketUpdate } from './basket.repository.js';
import { isOpen } from './domain/basket.js';
import type { OpenBasket } from './domain/basket.js';
import { moveOut } from './domain/merge.js';

/** Names the state of a guest's basket that a merge takes: the cause of its first append. */
export const causeOfMerge = ({ basketId, version }: OpenBasket): string => `basket:${basketId}@${version}`;

/** What the causes of all merges of this basket start with. */
export const prefixOfCauses = ({ basketId }: OpenBasket): string => `basket:${basketId}@`;

export interface StoredMerge {
  readonly userName: string;
  /** That of the BasketsMerged event. */
  readonly version: number;
  readonly fromUserName: string;
  readonly causationId: string;
}

/** The second append of a merge: the guest's basket is emptied of what the first one took. It takes effect once. */
export class MergeCompletion {
  constructor(
    private readonly baskets: BasketRepository,
    private readonly history: BasketHistory,
  ) {}

  /** The guest's basket as the merge found it. */
  async source({ fromUserName, causationId }: Omit<StoredMerge, 'version'>): Promise<OpenBasket> {
    const version = Number(causationId.slice(causationId.indexOf('@') + 1));
    const guest = await this.history.asOf(fromUserName, version);
    if (!isOpen(guest)) throw new Error(`${causationId} names no open basket of ${fromUserName}.`);
    return guest;
  }

  async complete(merge: StoredMerge): Promise<BasketUpdate> {
    const { lines } = await this.source(merge);
    return await this.baskets.update(merge.fromUserName, (guest) => moveOut(guest, lines), {
      causationId: `merge:${merge.userName}@${merge.version}`,
    });
  }
}
