import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Meter } from '@opentelemetry/api';
import { counter, gauge } from './observe.js';

const SAMPLE_MS = 20;

/** What Node tells of this process. @returns what ends the observation */
export function observeProcess(meter: Meter): () => void {
  const stop = observeEventLoop(meter);
  gauge(meter, 'nodejs_heap_used_bytes', 'Heap in use', () => [[process.memoryUsage().heapUsed]]);
  gauge(meter, 'nodejs_heap_size_bytes', 'Heap that V8 has', () => [[process.memoryUsage().heapTotal]]);
  gauge(meter, 'nodejs_heap_limit_bytes', 'Heap that V8 may have; beyond it the process ends', () => [
    [getHeapStatistics().heap_size_limit],
  ]);
  gauge(meter, 'process_resident_memory_bytes', 'Memory of the process', () => [[process.memoryUsage.rss()]]);
  gauge(meter, 'process_start_time_seconds', 'When the process started, in seconds since 1970', () => [
    [performance.timeOrigin / 1000],
  ]);
  counter(meter, 'process_cpu_seconds_total', 'CPU time of the process, user and system', () => {
    const { user, system } = process.cpuUsage();
    return [[(user + system) / 1e6]];
  });
  const build = { version: versionOfPackage(), node: process.versions.node };
  gauge(meter, 'basket_build_info', 'Always 1; the labels tell the versions', () => [[1, build]]);
  return stop;
}

function observeEventLoop(meter: Meter): () => void {
  const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS });
  delays.enable();
  let before = performance.eventLoopUtilization();
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - SAMPLE_MS / 1000);
  gauge(meter, 'nodejs_eventloop_delay_p50_seconds', 'Delay of the event loop since the last scrape: median', () => [
    [seconds(delays.percentile(50))],
  ]);
  gauge(meter, 'nodejs_eventloop_delay_p99_seconds', 'Delay of the event loop since the last scrape: 99 %', () => [
    [seconds(delays.percentile(99))],
  ]);
  gauge(meter, 'nodejs_eventloop_delay_max_seconds', 'Delay of the event loop since the last scrape: longest', () => {
    const longest = seconds(delays.max);
    // The last of the three that is read.
    delays.reset();
    return [[longest]];
  });
  gauge(meter, 'nodejs_eventloop_utilization', 'Share of the time since the last scrape that the loop was busy', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return [[utilization]];
  });
  return () => delays.disable();
}

function versionOfPackage(): string {
  const { version } = JSON.parse(readFileSync(findPackageJSON(import.meta.url) ?? 'package.json', 'utf8')) as {
    version: string;
  };
  return version;
}
