import { Query, QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { BasketHistory } from '../basket.history.js';
import { basketNotFound } from '../domain/basket.errors.js';

export interface HistoryPage {
  readonly events: readonly {
    readonly version: number;
    readonly type: string;
    readonly occurredAt: string;
    readonly basketId: string;
    readonly data: unknown;
    /** Who did it, and in which request, as far as it is known. */
    readonly actor: string | null;
    readonly requestId: string | null;
  }[];
  /** `after` of the next page, null on the last. */
  readonly nextAfter: number | null;
}

export class GetBasketHistory extends Query<HistoryPage> {
  constructor(
    readonly userName: string,
    /** The version behind which to start. */
    readonly after: number,
    readonly limit: number,
  ) {
    super();
  }
}

@QueryHandler(GetBasketHistory)
export class GetBasketHistoryHandler implements IQueryHandler<GetBasketHistory> {
  constructor(private readonly history: BasketHistory) {}

  async execute({ userName, after, limit }: GetBasketHistory): Promise<HistoryPage> {
    const stored = await this.history.page(userName, after, limit + 1);
    if (stored.length === 0 && (after === 0 || (await this.history.page(userName, 0, 1)).length === 0))
      throw basketNotFound(userName);
    const events = stored.slice(0, limit).map(({ version, type, occurredAt, basketId, data, metadata }) => ({
      version,
      type,
      occurredAt,
      basketId,
      data,
      actor: textOf(metadata.actor),
      requestId: textOf(metadata.requestId),
    }));
    return { events, nextAfter: stored.length > limit ? (events.at(-1)?.version ?? null) : null };
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
