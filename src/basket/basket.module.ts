import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown, Provider } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../database/database.js';
import { EventStore } from '../event-store/event-store.js';
import { BasketController } from './basket.controller.js';
import { BasketHistory } from './basket.history.js';
import { BasketStreamController } from './basket-stream.controller.js';
import { CheckOutHandler } from './commands/check-out.js';
import { ExecuteBatchHandler } from './commands/execute-batch.js';
import { MergeBasketsHandler } from './commands/merge-baskets.js';
import { GetBasketHistoryHandler } from './queries/get-basket-history.js';
import { GetPastBasketHandler } from './queries/get-past-basket.js';
import { limits } from './basket.limits.js';
import { BasketRepository } from './basket.repository.js';
import { FollowUp } from './follow-up.js';
import { MergeCompletion } from './merge-completion.js';
import { AFTER_PUBLISH } from '../outbox/relay.js';
import type { AfterPublish } from '../outbox/relay.js';
import { AddItemHandler } from './commands/add-item.js';
import { ClearBasketHandler } from './commands/clear-basket.js';
import { DeleteBasketHandler } from './commands/delete-basket.js';
import { DeleteItemHandler } from './commands/delete-item.js';
import { PutBasketHandler } from './commands/put-basket.js';
import { UpdateItemQuantityHandler } from './commands/update-item-quantity.js';
import { Limits } from './domain/decisions.js';
import { BASKET_CACHE } from './persistence/basket-cache.js';
import type { BasketCache } from './persistence/basket-cache.js';
import { CachedBasketRepository } from './persistence/cached-basket.repository.js';
import { MemoryBasketCache } from './persistence/memory-basket-cache.js';
import { connectRedis } from './persistence/redis.js';
import { RedisBasketCache } from './persistence/redis-basket-cache.js';
import { TracedBasketRepository } from './persistence/traced-basket.repository.js';
import { TypeormBasketRepository } from './persistence/typeorm-basket.repository.js';
import { GetBasketHandler } from './queries/get-basket.js';
import { GetBasketSummaryHandler } from './queries/get-basket-summary.js';

const cache: Provider = {
  provide: BASKET_CACHE,
  inject: [CONFIG],
  useFactory: ({ REDIS_URL, CACHE_TTL_SECONDS, DATABASE_URL }: Config): BasketCache | null => {
    if (REDIS_URL) return new RedisBasketCache(connectRedis(REDIS_URL), CACHE_TTL_SECONDS);
    // A PostgreSQL server may have other processes of ours on it, whose writes a cache in this one would not see.
    return DATABASE_URL === undefined ? new MemoryBasketCache(CACHE_TTL_SECONDS) : null;
  },
};

const history: Provider = {
  provide: BasketHistory,
  inject: [EventStore, CONFIG],
  useFactory: (events: EventStore, config: Config) => new BasketHistory(events, config.REQUEST_DEADLINE_MS),
};

const completion: Provider = {
  provide: MergeCompletion,
  inject: [BasketRepository, BasketHistory],
  useFactory: (baskets: BasketRepository, past: BasketHistory) => new MergeCompletion(baskets, past),
};

const afterPublish: Provider = {
  provide: AFTER_PUBLISH,
  inject: [BASKET_CACHE, MergeCompletion],
  useFactory: (basketCache: BasketCache | null, merges: MergeCompletion): AfterPublish => {
    const followUp = new FollowUp(basketCache, merges);
    return (events) => followUp.after(events);
  },
};

const repository: Provider = {
  provide: BasketRepository,
  inject: [Database, EventStore, BasketHistory, CONFIG, BASKET_CACHE],
  useFactory: (
    database: Database,
    events: EventStore,
    past: BasketHistory,
    config: Config,
    cache: BasketCache | null,
  ) => {
    const stored = new TypeormBasketRepository(database, events, past, config.REQUEST_DEADLINE_MS);
    return new TracedBasketRepository(cache ? new CachedBasketRepository(stored, cache) : stored);
  },
};

@Module({
  imports: [CqrsModule],
  controllers: [BasketController, BasketStreamController],
  providers: [
    { provide: Limits, useValue: limits },
    cache,
    history,
    repository,
    completion,
    afterPublish,
    PutBasketHandler,
    AddItemHandler,
    UpdateItemQuantityHandler,
    DeleteItemHandler,
    ClearBasketHandler,
    DeleteBasketHandler,
    ExecuteBatchHandler,
    MergeBasketsHandler,
    CheckOutHandler,
    GetBasketHandler,
    GetBasketSummaryHandler,
    GetBasketHistoryHandler,
    GetPastBasketHandler,
  ],
  exports: [BASKET_CACHE, AFTER_PUBLISH],
})
export class BasketModule implements OnApplicationShutdown {
  constructor(@Inject(BASKET_CACHE) private readonly basketCache: BasketCache | null) {}

  async onApplicationShutdown(): Promise<void> {
    await this.basketCache?.close();
  }
}
