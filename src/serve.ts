import { setTimeout } from 'node:timers/promises';
import { getSystemErrorMessage } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PinoLogger } from 'nestjs-pino';
import type { Config } from './config.js';
import { describeConnections } from './connections.js';
import { Lifecycle } from './http/lifecycle.js';
import { startTracing } from './telemetry/tracing.js';
import type { Tracing } from './telemetry/tracing.js';

const logger = new Logger('main');
let app: NestFastifyApplication | undefined;
let tracing: Tracing | undefined;
let stopping = false;

/**
 * Serves from this process until a signal ends it.
 *
 * @param isWorker whether it is one of several behind a port: their metrics are served by the primary
 * @throws Error that says why it cannot
 */
export async function serve(config: Config, isWorker: boolean): Promise<void> {
  // From the start: as process 1 of a container it would not be ended by a signal that nobody handles.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (app) void stop(app, config, signal);
      else process.exit(0);
    });
  tracing = await startTracing();
  const { createApp } = await import('./app.js');
  app = await createApp(config);
  await app.init();
  collectGarbage();
  const metrics = await serveMetrics(app, config, isWorker);
  await app.listen({ port: config.PORT, host: config.HOST }).catch(inWords);
  announce(await app.getUrl(), metrics, config);
}

/** node:cluster tells a worker the code alone. @throws Error */
function inWords(error: NodeJS.ErrnoException): never {
  const words = error.errno === undefined ? '' : getSystemErrorMessage(error.errno);
  throw error.message.includes(words) ? error : new Error(`${error.message}: ${words}`);
}

/** @returns where they are */
async function serveMetrics(app: NestFastifyApplication, config: Config, isWorker: boolean): Promise<string> {
  const { TelemetryModule } = await import('./telemetry/telemetry.module.js');
  const telemetry = app.get(TelemetryModule);
  if (!isWorker) return await telemetry.serveMetrics(config.METRICS_PORT, config.HOST);
  const { answerScrapes } = await import('./workers/scrape.js');
  return answerScrapes(() => telemetry.readMetrics());
}

/**
 * Starting leaves a third of its memory behind, which V8 would keep for a service that may have little to do. It takes a tenth of
 * a second, before anyone waits for an answer.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as NodeJS.GCFunction;
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function announce(url: string, metrics: string, config: Config): void {
  const { DATABASE_URL, DATABASE_DIR, REDIS_URL, AUTH_MODE, ERASURE_SECRETS } = config;
  if (DATABASE_URL === undefined)
    logger.warn(
      `Embedded database in ${DATABASE_DIR}: a crash of this process loses nothing, a power cut may. Set DATABASE_URL for production.`,
    );
  else if (!REDIS_URL) logger.log('REDIS_URL is not set: baskets are read from PostgreSQL each time.');
  // With tokens there is an admin, who can erase.
  if (DATABASE_URL !== undefined && AUTH_MODE === 'jwt' && ERASURE_SECRETS === undefined)
    logger.warn(
      'ERASURE_SECRETS is not set: a guessed name can be checked against what stays of erased users (docs/privacy.md).',
    );
  logger.log(`API ${url}/baskets/{userName}, Swagger UI ${url}/docs, contract ${url}/openapi.yaml, metrics ${metrics}`);
  logger.log(`Connected: ${describeConnections(config, tracing)}`);
}

/** Stops without dropping a request: readiness goes down, load balancers notice, what is in flight ends. */
async function stop(app: NestFastifyApplication, config: Config, signal: string): Promise<void> {
  // Ctrl-C reaches every process of a terminal, and npm passes it on once more.
  if (stopping) return;
  stopping = true;
  logger.log(`${signal}: draining for ${config.SHUTDOWN_DRAIN_MS} ms, then stopping.`);
  app.get(Lifecycle).drain();
  await setTimeout(config.SHUTDOWN_DRAIN_MS);
  // It also keeps the process from ending for want of work while something closes that is no work to Node.
  const overdue = setTimeout(2 * config.REQUEST_DEADLINE_MS).then(() => process.exit(1));
  // Connections become idle one by one, as what was in flight is answered.
  setInterval(() => app.getHttpServer().closeIdleConnections(), 100);
  await Promise.race([app.close().then(() => tracing?.stop()), overdue]);
  logger.log('Stopped.');
  PinoLogger.root.flush(() => process.exit(0));
}
