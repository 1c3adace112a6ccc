import { Inject, Module } from '@nestjs/common';
import type { BeforeApplicationShutdown, DynamicModule, ModuleMetadata, OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../database/database.js';
import { EventStore } from '../event-store/event-store.js';
import { BEFORE_PUBLISH } from './delivery.js';
import type { BeforePublish } from './delivery.js';
import { InProcessPublisher } from './in-process.publisher.js';
import { Leases } from './leases.js';
import { Outbox } from './outbox.js';
import { Publisher } from './publisher.js';
import { Relay } from './relay.js';

/**
 * News of this process wakes its relay; what other processes append to its buckets is found at the next poll. The
 * embedded database has no other processes.
 */
const POLL_MS = { postgres: 250, embedded: 2000 };

@Module({})
export class OutboxModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** @param imports a module that provides BEFORE_PUBLISH */
  static forRoot({ imports }: Required<Pick<ModuleMetadata, 'imports'>>): DynamicModule {
    const providers = [
      {
        provide: Publisher,
        inject: [CONFIG],
        useFactory: async ({ NATS_URL }: Config) => {
          if (!NATS_URL) return new InProcessPublisher();
          // A service without NATS does without the megabytes of its client.
          const { NatsPublisher } = await import('./nats.publisher.js');
          return new NatsPublisher(NATS_URL);
        },
      },
      { provide: Outbox, inject: [Database], useFactory: (database: Database) => new Outbox(database) },
      {
        provide: Relay,
        inject: [Database, Outbox, Publisher, BEFORE_PUBLISH],
        useFactory: (database: Database, outbox: Outbox, publisher: Publisher, beforePublish: BeforePublish) =>
          new Relay(outbox, new Leases(database), publisher, beforePublish, POLL_MS[database.kind]),
      },
    ];
    return { module: OutboxModule, global: true, imports, providers, exports: [Publisher, Outbox] };
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
