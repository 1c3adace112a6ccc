import cluster from 'node:cluster';
import type { Config } from '../config.js';
import { createLogger } from '../logging.js';
import { MetricsServer } from '../telemetry/metrics-server.js';
import { environmentOf, scrapeAll } from './scrape.js';
import { Workers } from './workers.js';

/** A worker bounds its own stop by this without `MARGIN_MS`; one whose event loop hangs cannot. */
const MARGIN_MS = 2000;

/**
 * The primary: starts `WORKERS` processes that serve one port, replaces those that end, serves the metrics of all, and ends
 * when a signal has ended them.
 *
 * @throws Error when a worker cannot start; it has said why itself
 */
export async function supervise(config: Config): Promise<void> {
  const logger = (await createLogger(config.LOG_LEVEL, true)).child({ context: 'Workers' });
  const patience = config.SHUTDOWN_DRAIN_MS + 2 * config.REQUEST_DEADLINE_MS + MARGIN_MS;
  const workers = new Workers(config.WORKERS, patience, logger);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => workers.stop(signal));
  // Whatever the environment says: the connections of a worker that ends or hangs go to the others.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const metrics = new MetricsServer(() => scrapeAll(workers.serving));
  const url = await metrics.listen(config.METRICS_PORT, config.HOST);
  const areWell = await workers.run(environmentOf(url));
  logger.info('All workers have ended.');
  logger.flush(() => process.exit(areWell ? 0 : 1));
}
