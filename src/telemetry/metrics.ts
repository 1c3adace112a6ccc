import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { Meter } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { Database } from '../database/database.js';
import type { Lifecycle } from '../http/lifecycle.js';
import type { Outbox } from '../outbox/outbox.js';
import type { BusinessCounts } from './business-counts.js';
import { counts, gauges } from './counts.js';
import { counter, gauge } from './observe.js';
import type { Operations } from './operations.js';
import { observeProcess } from './process-metrics.js';

/** A scrape waits no longer for the database. */
const SCRAPE_MS = 1000;

export interface Sources {
  readonly operations: Operations;
  readonly business: BusinessCounts;
  readonly database: Database;
  readonly outbox: Outbox;
  readonly lifecycle: Lifecycle;
}

/**
 * All metrics of this process, read when they are scraped. `docs/operations.md` explains each; labels are names of the
 * contract and the code, never what a caller sent.
 */
export function createMetrics(sources: Sources): {
  /** What a scrape is answered. */
  read: () => Promise<string>;
  stop: () => Promise<void>;
} {
  const exporter = new PrometheusExporter({
    // The exporter's own server takes no port 0.
    preventServerStart: true,
    metricProducers: [sources.operations],
  });
  const provider = new MeterProvider({ readers: [exporter] });
  const meter = provider.getMeter('basket');
  observeCache(meter);
  observeWrites(meter, sources.business);
  observePool(meter, sources.database);
  observeStore(meter, sources);
  gauge(meter, 'basket_live_streams', 'Open streams of server-sent events', () => [[gauges.liveStreams()]]);
  const stopProcess = observeProcess(meter);
  // Without a prefix, timestamps, and series about the target and the scope.
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const read = async () => serializer.serialize((await exporter.collect()).resourceMetrics);
  const stop = async () => {
    stopProcess();
    await provider.shutdown();
  };
  return { read, stop };
}

function observeCache(meter: Meter): void {
  counter(meter, 'basket_cache_hits_total', 'Reads that the cache answered', () => [[counts.cacheHits]]);
  counter(meter, 'basket_cache_misses_total', 'Reads that the cache had no basket for', () => [[counts.cacheMisses]]);
  counter(meter, 'basket_cache_errors_total', 'Reads and writes of the cache that Redis did not carry out', () => [
    [counts.cacheErrors],
  ]);
  counter(
    meter,
    'basket_cache_stale_discards_total',
    'Reads that were not cached, because the basket may have changed since',
    () => [[counts.cacheStaleDiscards]],
  );
}

function observeWrites(meter: Meter, business: BusinessCounts): void {
  counter(meter, 'basket_version_conflicts_total', 'Appends that another writer was faster than', () => [
    [counts.versionConflicts],
  ]);
  counter(meter, 'basket_retries_total', 'Decisions taken again on a fresh basket', () => [[counts.retries]]);
  counter(meter, 'basket_events_total', 'Events appended by this process', () =>
    Object.entries(business.events).map(([type, times]) => [times, { type }]),
  );
  counter(meter, 'basket_checked_out_total', 'Baskets checked out', () =>
    [...business.sales].map(([currency, { baskets }]) => [baskets, { currency }]),
  );
  counter(meter, 'basket_checked_out_value_total', 'Value of checked-out baskets, in minor units of the currency', () =>
    [...business.sales].map(([currency, { value }]) => [value, { currency }]),
  );
}

function observePool(meter: Meter, database: Database): void {
  gauge(meter, 'basket_db_connections', 'Connections of the pool by state', () => {
    const { open, inUse } = database.connections;
    return [
      [inUse, { state: 'used' }],
      [open - inUse, { state: 'idle' }],
    ];
  });
  gauge(meter, 'basket_db_connections_max', 'Connections that the pool may have', () => [[database.connections.most]]);
  gauge(meter, 'basket_db_waiting', 'Statements that wait for a connection', () => [[database.connections.waiting]]);
}

/** One statement tells how far the outbox lags, and that the database answers. */
function observeStore(meter: Meter, { outbox, lifecycle }: Sources): void {
  const of = (name: string, description: string) => meter.createObservableGauge(name, { description });
  const ready = of('basket_ready', 'Whether this process can serve: 1, or 0 without its database or while draining');
  const seconds = of('basket_outbox_lag_seconds', 'Age of the oldest event that is still to be published');
  const events = of('basket_outbox_lag_events', 'Events that are still to be published, parked ones included');
  const parked = of('basket_outbox_parked_events', 'Events that cannot be published and wait for a person');
  meter.addBatchObservableCallback(
    async (result) => {
      const lag = await outbox.lag(performance.now() + SCRAPE_MS).catch(() => undefined);
      result.observe(ready, lag && !lifecycle.isDraining ? 1 : 0);
      if (!lag) return;
      result.observe(seconds, lag.seconds);
      result.observe(events, lag.events);
      result.observe(parked, lag.parked);
    },
    [ready, seconds, events, parked],
  );
}
