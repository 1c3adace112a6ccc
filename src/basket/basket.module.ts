import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown, Provider } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../database/database.js';
import { EventStore } from '../event-store/event-store.js';
import { AbandonIdleBaskets } from './abandon-idle-baskets.js';
import { BasketController } from './basket.controller.js';
import { BasketHistory } from './basket.history.js';
import { BasketLiveController } from './basket-live.controller.js';
import { BasketStreamController } from './basket-stream.controller.js';
import { CheckOutHandler } from './commands/check-out.js';
import { ExecuteBatchHandler } from './commands/execute-batch.js';
import { MergeBasketsHandler } from './commands/merge-baskets.js';
import { GetBasketHistoryHandler } from './queries/get-basket-history.js';
import { GetBasketVersionHandler } from './queries/get-basket-version.js';
import { GetPastBasketHandler } from './queries/get-past-basket.js';
import { limits } from './basket.limits.js';
import { BasketRepository } from './basket.repository.js';
import { FollowUp } from './follow-up.js';
import { LiveBaskets } from './live/live-baskets.js';
import { LiveModule } from './live/live.module.js';
import { MergeCompletion } from './merge-completion.js';
import { BEFORE_PUBLISH } from '../outbox/delivery.js';
import type { BeforePublish } from '../outbox/delivery.js';
import { AddItemHandler } from './commands/add-item.js';
import { ClearBasketHandler } from './commands/clear-basket.js';
import { DeleteBasketHandler } from './commands/delete-basket.js';
import { DeleteItemHandler } from './commands/delete-item.js';
import { PutBasketHandler } from './commands/put-basket.js';
import { UpdateItemQuantityHandler } from './commands/update-item-quantity.js';
import { Limits } from './domain/decisions.js';
import { AnnouncingBasketRepository } from './persistence/announcing-basket.repository.js';
import { BASKET_CACHE } from './persistence/basket-cache.js';
import type { BasketCache } from './persistence/basket-cache.js';
import { CachedBasketRepository } from './persistence/cached-basket.repository.js';
import { IdleBaskets } from './persistence/idle-baskets.js';
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

const beforePublish: Provider = {
  provide: BEFORE_PUBLISH,
  inject: [BASKET_CACHE, MergeCompletion],
  useFactory: (basketCache: BasketCache | null, merges: MergeCompletion): BeforePublish => {
    const followUp = new FollowUp(basketCache, merges);
    return (events) => followUp.after(events);
  },
};

const repository: Provider = {
  provide: BasketRepository,
  inject: [Database, EventStore, BasketHistory, CONFIG, BASKET_CACHE, LiveBaskets],
  useFactory: (
    database: Database,
    events: EventStore,
    past: BasketHistory,
    config: Config,
    cache: BasketCache | null,
    live: LiveBaskets,
  ) => {
    const stored = new TypeormBasketRepository(database, events, past, config.REQUEST_DEADLINE_MS);
    const cached = cache ? new CachedBasketRepository(stored, cache) : stored;
    const announcing = new AnnouncingBasketRepository(cached, (userName, version) => live.tell(userName, version));
    return new TracedBasketRepository(announcing);
  },
};

const abandonment: Provider = {
  provide: AbandonIdleBaskets,
  inject: [Database, BasketRepository, CONFIG],
  useFactory: (database: Database, baskets: BasketRepository, { BASKET_ABANDONED_AFTER_HOURS }: Config) =>
    new AbandonIdleBaskets(new IdleBaskets(database), baskets, BASKET_ABANDONED_AFTER_HOURS),
};

@Module({
  imports: [CqrsModule, LiveModule],
  controllers: [BasketController, BasketStreamController, BasketLiveController],
  providers: [
    { provide: Limits, useValue: limits },
    cache,
    history,
    repository,
    completion,
    beforePublish,
    abandonment,
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
    GetBasketVersionHandler,
  ],
  exports: [BASKET_CACHE, BEFORE_PUBLISH, AbandonIdleBaskets],
})
export class BasketModule implements OnApplicationShutdown {
  constructor(@Inject(BASKET_CACHE) private readonly basketCache: BasketCache | null) {}

  async onApplicationShutdown(): Promise<void> {
    await this.basketCache?.close();
  }
}
