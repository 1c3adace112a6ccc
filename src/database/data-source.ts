import pg from 'pg';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { BasketProjections1764000000002 } from '../../migrations/1764000000002-basket-projections.js';
import { DomainEventsTypeTime1764000000001 } from '../../migrations/1764000000001-domain-events-type-time.js';
import { DomainEvents1764000000000 } from '../../migrations/1764000000000-domain-events.js';
import { DomainEventsCommand1764100000000 } from '../../migrations/1764100000000-domain-events-command.js';
import { DomainEventsCommandOnce1764100000001 } from '../../migrations/1764100000001-domain-events-command-once.js';
import { DomainEventsCauseOnce1764100000002 } from '../../migrations/1764100000002-domain-events-cause-once.js';
import { BasketSnapshots1764100000003 } from '../../migrations/1764100000003-basket-snapshots.js';
import { Outbox1764100000004 } from '../../migrations/1764100000004-outbox.js';
import { OutboxLeases1764100000006 } from '../../migrations/1764100000006-outbox-leases.js';
import { JobLeases1764200000000 } from '../../migrations/1764200000000-job-leases.js';
import { BasketProjectionsActiveHour1764200000001 } from '../../migrations/1764200000001-basket-projections-active-hour.js';
import { BasketProjectionsActiveHourFilled1764200000002 } from '../../migrations/1764200000002-basket-projections-active-hour-filled.js';
import { BasketProjectionsActive1764200000003 } from '../../migrations/1764200000003-basket-projections-active.js';
import { BasketProjectionsTotals1764200000004 } from '../../migrations/1764200000004-basket-projections-totals.js';
import { BasketProjectionsTotalsFilled1764200000005 } from '../../migrations/1764200000005-basket-projections-totals-filled.js';
import { BasketAnalytics1764200000006 } from '../../migrations/1764200000006-basket-analytics.js';
import { BasketAnalyticsDayCurrency1764200000007 } from '../../migrations/1764200000007-basket-analytics-day-currency.js';
import { ErasedStreams1764300000000 } from '../../migrations/1764300000000-erased-streams.js';
import { DomainEventsMergedFrom1764300000001 } from '../../migrations/1764300000001-domain-events-merged-from.js';
import { DomainEventsMovedOut1764300000002 } from '../../migrations/1764300000002-domain-events-moved-out.js';
import { CloseErasedStream1764300000003 } from '../../migrations/1764300000003-close-erased-stream.js';
import { EraseStreamPage1764300000004 } from '../../migrations/1764300000004-erase-stream-page.js';
import { BasketProjectionsVacuum1764400000000 } from '../../migrations/1764400000000-basket-projections-vacuum.js';
import { RefreshBasketAnalytics1764200000008 } from '../../migrations/1764200000008-refresh-basket-analytics.js';
import { BasketProjectionRow } from '../basket/persistence/basket-projection.row.js';
import type { Config } from '../config.js';
import { BasketSnapshotRow } from '../event-store/basket-snapshot.row.js';
import { JobLeaseRow } from '../jobs/job-lease.row.js';
import { OutboxLeaseRow, OutboxRow } from '../outbox/outbox.row.js';
import { ErasedStreamRow } from '../event-store/erased-stream.row.js';
import { DomainEventRow } from '../event-store/domain-event.row.js';
import type { EmbeddedPostgres } from './embedded-postgres.js';

/** A TypeORM data source that, without a server to talk to, brings its own. */
export class BasketDataSource extends DataSource {
  constructor(
    options: DataSourceOptions,
    readonly embedded?: EmbeddedPostgres,
    private readonly release = () => embedded?.close(),
  ) {
    super(options);
  }

  override async destroy(): Promise<void> {
    if (this.isInitialized) await super.destroy();
    await this.release();
  }
}

type DatabaseConfig = Pick<Config, 'DATABASE_URL' | 'DATABASE_DIR' | 'DATABASE_POOL_SIZE' | 'REQUEST_DEADLINE_MS'>;

export interface EmbeddedOptions {
  readonly inMemory?: boolean;
  /** One that is open, and what is to be done in place of closing it. */
  readonly opened?: { readonly embedded: EmbeddedPostgres; readonly release: () => Promise<void> };
}

export async function createDataSource(
  config: DatabaseConfig,
  { inMemory = false, opened }: EmbeddedOptions = {},
): Promise<BasketDataSource> {
  const common = {
    type: 'postgres' as const,
    applicationName: 'basket',
    entities: [
      ...[DomainEventRow, BasketSnapshotRow, BasketProjectionRow, ErasedStreamRow],
      ...[OutboxRow, OutboxLeaseRow, JobLeaseRow],
    ],
    migrations: [
      DomainEvents1764000000000,
      DomainEventsTypeTime1764000000001,
      BasketProjections1764000000002,
      DomainEventsCommand1764100000000,
      DomainEventsCommandOnce1764100000001,
      DomainEventsCauseOnce1764100000002,
      BasketSnapshots1764100000003,
      Outbox1764100000004,
      OutboxLeases1764100000006,
      JobLeases1764200000000,
      BasketProjectionsActiveHour1764200000001,
      BasketProjectionsActiveHourFilled1764200000002,
      BasketProjectionsActive1764200000003,
      BasketProjectionsTotals1764200000004,
      BasketProjectionsTotalsFilled1764200000005,
      BasketAnalytics1764200000006,
      BasketAnalyticsDayCurrency1764200000007,
      RefreshBasketAnalytics1764200000008,
      ErasedStreams1764300000000,
      DomainEventsMergedFrom1764300000001,
      DomainEventsMovedOut1764300000002,
      CloseErasedStream1764300000003,
      EraseStreamPage1764300000004,
      BasketProjectionsVacuum1764400000000,
    ],
    // A migration is one DDL statement; some of those (CREATE INDEX CONCURRENTLY) refuse a transaction.
    migrationsTransactionMode: 'none' as const,
    synchronize: false,
    installExtensions: false,
    // By name TypeORM would load another one than the bundle has.
    driver: pg,
    poolSize: config.DATABASE_POOL_SIZE,
    // How long a request waits for a connection, a new one or one that is in use.
    connectTimeoutMS: config.REQUEST_DEADLINE_MS,
  };
  if (config.DATABASE_URL !== undefined)
    return new BasketDataSource({ ...common, url: config.DATABASE_URL, extra: { keepAlive: true } });
  const embedded = opened?.embedded ?? (await openEmbedded(inMemory ? undefined : config.DATABASE_DIR));
  return new BasketDataSource(
    { ...common, username: 'postgres', database: 'postgres', extra: { stream: embedded.connect } },
    embedded,
    opened?.release,
  );
}

/** A service with a server does without the megabytes of this module. */
async function openEmbedded(folder: string | undefined): Promise<EmbeddedPostgres> {
  const { EmbeddedPostgres } = await import('./embedded-postgres.js');
  return await EmbeddedPostgres.open(folder);
}
