import { Module } from '@nestjs/common';
import type { Provider } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { BasketModule } from '../basket/basket.module.js';
import { LiveBaskets } from '../basket/live/live-baskets.js';
import { LiveModule } from '../basket/live/live.module.js';
import { BASKET_CACHE } from '../basket/persistence/basket-cache.js';
import type { BasketCache } from '../basket/persistence/basket-cache.js';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../database/database.js';
import { EventStore } from '../event-store/event-store.js';
import { Tombstones } from '../event-store/tombstones.js';
import { EraseUserDataHandler } from './erase-user-data.js';
import { ExportUserDataHandler } from './export-user-data.js';
import { UserDataController } from './user-data.controller.js';
import { UserData } from './user-data.js';

const data: Provider = {
  provide: UserData,
  inject: [Database, EventStore, Tombstones, CONFIG, BASKET_CACHE, LiveBaskets],
  useFactory: (
    database: Database,
    events: EventStore,
    tombstones: Tombstones,
    config: Config,
    cache: BasketCache | null,
    live: LiveBaskets,
  ) =>
    new UserData(database, events, tombstones, config.REQUEST_DEADLINE_MS, async (userName, version) => {
      // The lease of a reader who is about to fill in what is gone goes, too.
      await cache?.drop(userName, version);
      live.tell(userName, version);
    }),
};

@Module({
  imports: [CqrsModule, BasketModule, LiveModule],
  controllers: [UserDataController],
  providers: [data, EraseUserDataHandler, ExportUserDataHandler],
})
export class UserDataModule {}
