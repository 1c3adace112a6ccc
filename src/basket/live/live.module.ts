import { Inject, Module } from '@nestjs/common';
import type { OnModuleDestroy, Provider } from '@nestjs/common';
import { CONFIG } from '../../config.js';
import type { Config } from '../../config.js';
import { Database } from '../../database/database.js';
import { EventStore } from '../../event-store/event-store.js';
import { gauges } from '../../telemetry/counts.js';
import { RedisAnnouncements } from '../persistence/redis-announcements.js';
import { StoredVersions } from '../persistence/stored-versions.js';
import { LiveBaskets } from './live-baskets.js';

/** A statement a second at most, and only while somebody listens. */
const CHECK_MS = 1000;
const QUIET_CHECK_MS = 5000;

const live: Provider = {
  provide: LiveBaskets,
  inject: [Database, EventStore, CONFIG],
  useFactory: (database: Database, events: EventStore, config: Config) => {
    const stored = new StoredVersions(database, events, config.REQUEST_DEADLINE_MS);
    return new LiveBaskets(
      (userNames) => stored.read(userNames),
      config.REDIS_URL ? new RedisAnnouncements(config.REDIS_URL) : null,
      {
        most: config.LIVE_MAX_STREAMS,
        heartbeatMs: config.LIVE_HEARTBEAT_MS,
        // The embedded database has no other process whose writes could be missed.
        checkMs: config.DATABASE_URL === undefined ? QUIET_CHECK_MS : CHECK_MS,
        quietCheckMs: QUIET_CHECK_MS,
      },
    );
  },
};

@Module({ providers: [live], exports: [LiveBaskets] })
export class LiveModule implements OnModuleDestroy {
  constructor(@Inject(LiveBaskets) private readonly baskets: LiveBaskets) {
    gauges.liveStreams = () => baskets.size;
  }

  /** Before the listener closes, which waits for what is open. */
  onModuleDestroy(): void {
    this.baskets.close();
  }
}
