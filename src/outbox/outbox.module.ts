import { Inject, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, ModuleMetadata, OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../database/database.js';
import { EventStore } from '../event-store/event-store.js';
import { InProcessPublisher } from './in-process.publisher.js';
import { Leases } from './leases.js';
import { Outbox } from './outbox.js';
import { Publisher } from './publisher.js';
import { AFTER_PUBLISH, Relay } from './relay.js';
import type { AfterPublish } from './relay.js';

/** News of this process wake its relay; what other processes left behind when they died is found at the next poll. */
const POLL_MS = 500;

@Module({})
export class OutboxModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** @param imports a module that provides AFTER_PUBLISH */
  static forRoot({ imports }: Required<Pick<ModuleMetadata, 'imports'>>): DynamicModule {
    const providers = [
      {
        provide: Publisher,
        inject: [CONFIG],
        useFactory: async ({ NATS_URL }: Config) => {
          if (!NATS_URL) return new InProcessPublisher();
          // A service without a bus does without the 2 MB of its client.
          const { NatsPublisher } = await import('./nats.publisher.js');
          return new NatsPublisher(NATS_URL);
        },
      },
      { provide: Outbox, inject: [Database], useFactory: (database: Database) => new Outbox(database) },
      {
        provide: Relay,
        inject: [Database, Outbox, Publisher, AFTER_PUBLISH],
        useFactory: (database: Database, outbox: Outbox, publisher: Publisher, afterPublish: AfterPublish) =>
          new Relay(outbox, new Leases(database), publisher, afterPublish, POLL_MS),
      },
    ];
    return { module: OutboxModule, imports, providers, exports: [Publisher, Outbox] };
  }

  constructor(
    @Inject(Relay) private readonly relay: Relay,
    @Inject(Publisher) private readonly publisher: Publisher,
    @Inject(EventStore) private readonly events: EventStore,
  ) {}

  onApplicationBootstrap(): void {
    this.events.onAppend(() => this.relay.poke());
    this.relay.start();
  }

  /** Before the database goes. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.relay.stop();
    await this.publisher.close();
  }
}
