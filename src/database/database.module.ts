import { Global, Inject, Module } from '@nestjs/common';
import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import { BASKET_PROJECTION } from '../basket/persistence/basket-projection.js';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { EventStore } from '../event-store/event-store.js';
import { Tombstones } from '../event-store/tombstones.js';
import { BasketDataSource } from './data-source.js';
import { Database } from './database.js';
import { openDatabase } from './open.js';

@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  static forRoot(create: (config: Config) => Promise<BasketDataSource>): DynamicModule {
    const providers = [
      {
        provide: BasketDataSource,
        inject: [CONFIG],
        useFactory: async (config: Config) => await openDatabase(config, await create(config)),
      },
      {
        provide: Database,
        inject: [BasketDataSource, CONFIG],
        // The embedded server has one session, where the statements of several connections would share their names.
        useFactory: (source: BasketDataSource, config: Config) =>
          new Database(source, config.DATABASE_PREPARED_STATEMENTS && !source.embedded),
      },
      {
        provide: Tombstones,
        inject: [CONFIG],
        useFactory: ({ ERASURE_SECRETS }: Config) => new Tombstones(ERASURE_SECRETS),
      },
      {
        provide: EventStore,
        inject: [Database, Tombstones],
        useFactory: (database: Database, tombstones: Tombstones) =>
          new EventStore(database, BASKET_PROJECTION, tombstones),
      },
    ];
    return { module: DatabaseModule, providers, exports: providers.map(({ provide }) => provide) };
  }

  constructor(@Inject(BasketDataSource) private readonly source: BasketDataSource) {}

  async onApplicationShutdown(): Promise<void> {
    await this.source.destroy();
  }
}
