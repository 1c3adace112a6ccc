import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';

const SAMPLE_MS = 20;

/** What Node tells of this process. @returns what ends the observation */
export function observeProcess(meter: Meter): () => void {
  const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delays.enable();
  let utilization = performance.eventLoopUtilization();
  const gauge = (name: string, description: string, unit?: string) =>
    meter.createObservableGauge(name, { description, ...(unit === undefined ? {} : { unit }) });
  gauge('nodejs_eventloop_delay_seconds', 'Delay of the event loop since the last scrape', 's').addCallback(
    (result) => {
      for (const quantile of [0.5, 0.99, 1]) {
        const seconds = Math.max(0, delays.percentile(quantile * 100) / 1e9 - SAMPLE_MS / 1000);
        result.observe(seconds, { quantile: String(quantile) });
      }
      delays.reset();
    },
  );
  gauge(
    'nodejs_eventloop_utilization',
    'Part of the time since the last scrape that the event loop was busy, 0 to 1',
  ).addCallback((result) => {
    const now = performance.eventLoopUtilization();
    result.observe(performance.eventLoopUtilization(now, utilization).utilization);
    utilization = now;
  });
  gauge('nodejs_heap_used_bytes', 'Heap in use').addCallback((result) =>
    result.observe(process.memoryUsage().heapUsed),
  );
  gauge('nodejs_heap_size_bytes', 'Heap that V8 has').addCallback((result) =>
    result.observe(process.memoryUsage().heapTotal),
  );
  gauge('process_resident_memory_bytes', 'Memory of the process').addCallback((result) =>
    result.observe(process.memoryUsage.rss()),
  );
  gauge('process_start_time_seconds', 'Start of the process since the Unix epoch').addCallback((result) =>
    result.observe(performance.timeOrigin / 1000),
  );
  meter
    .createObservableCounter('process_cpu_seconds_total', { description: 'CPU time of the process, user and system' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  gauge('basket_build_info', 'Versions, as labels of 1').addCallback((result) => result.observe(1, build));
  return () => delays.disable();
}

const { version } = JSON.parse(readFileSync(findPackageJSON(import.meta.url) ?? 'package.json', 'utf8')) as {
  version: string;
};
const build = { version, node: process.versions.node };
