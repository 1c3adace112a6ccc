import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NO_BUCKET } from './baskets.mjs';
import { fetchBytes, freePort, start, stop, untilAnswers } from './processes.mjs';
import { withClient, withRedis } from './servers.mjs';

const POOL_SIZE = '10';
const WARM_UP_PASSES = 30;
const SCRAPE_MS = 1000;
const MAIN = fileURLToPath(new URL('../dist/bundle/main.js', import.meta.url));
const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
/** Those with which the service is started in production. */
const FLAGS = scripts['start:prod'].split(' ').filter((word) => word.startsWith('--'));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Everything that is measured, up and running on baskets of its own. */
export class Stage {
  /** Users of this run start with it. */
  run = `bench-${randomBytes(4).toString('hex')}`;
  /** The read reference has its copies of the service's baskets under it. */
  copies = `${this.run}:copy:`;
  /** @type {Record<string, { port: number, pid: number, stop: () => Promise<void> }>} */
  parts = {};

  constructor(folder, servers, generator, count) {
    this.folder = folder;
    this.servers = servers;
    this.generator = generator;
    this.count = count;
    const url = new URL(servers.databaseUrl);
    url.pathname = `/${this.database}`;
    this.databaseUrl = url.href;
  }

  get database() {
    return this.run.replace('-', '_');
  }

  /** @param {'telemetry' | 'workers'} [variant] what the service does, and another one beside it does not */
  async open(variant) {
    await this.openService({ service: {}, reference: {} }, variant);
    if (!variant) await this.openReferences();
  }

  /** The service alone, or what is compared with itself. @param {Record<string, { lines?: number }>} sides what baskets each has */
  async openService(sides, variant) {
    await withClient(this.servers.databaseUrl, (client) => client.query(`CREATE DATABASE ${this.database}`));
    this.parts.service = await this.startService('service', await this.environmentOf(variant));
    // Services that are compared have done the same: what they have compiled and what is on their heaps tells.
    if (variant) this.parts.plain = await this.startService('plain');
    for (const [side, more] of Object.entries(sides)) {
      await this.generator.ask('prepare', { run: this.run, side, count: this.count, ...more });
      await this.fill(side, (side === 'reference' && this.parts.plain) || this.parts.service);
    }
    await withClient(this.databaseUrl, (client) => client.query('VACUUM ANALYZE'));
    await this.warmCache();
  }

  async environmentOf(variant) {
    if (variant === 'telemetry') return await this.startTelemetry();
    return variant === 'workers' ? { WORKERS: '2' } : {};
  }

  async openReadReference() {
    await this.copyForReads();
    this.parts.readReference = await this.startPart('read-reference', {
      REDIS_URL: this.servers.redisUrl,
      KEY_PREFIX: this.copies,
    });
  }

  async openReferences() {
    await this.openReadReference();
    this.parts.writeReference = await this.startPart('write-reference', {
      DATABASE_URL: this.databaseUrl,
      POOL_SIZE,
      USERS: `${this.run}-r-`,
    });
  }

  /** The service without a cache, and its bar, while they are needed. */
  async withUncached(work) {
    this.parts.uncached = await this.startService('uncached', { REDIS_URL: '' });
    this.parts.missReference = await this.startPart('miss-reference', {
      DATABASE_URL: this.databaseUrl,
      POOL_SIZE,
    });
    const result = await work();
    for (const name of ['uncached', 'missReference']) {
      await this.parts[name].stop();
      delete this.parts[name];
    }
    return result;
  }

  /** The service as it is in production, on the real servers, logging to a file. @param {string[]} [flags] more of Node's */
  async startService(name = 'service', env = {}, flags = []) {
    return await this.startNode(name, [...FLAGS, ...flags, MAIN], {
      NODE_ENV: 'production',
      AUTH_MODE: 'none',
      MIGRATE_ON_START: 'true',
      SHUTDOWN_DRAIN_MS: '0',
      LOG_LEVEL: 'info',
      DATABASE_URL: this.databaseUrl,
      DATABASE_POOL_SIZE: POOL_SIZE,
      REDIS_URL: this.servers.redisUrl,
      // Longer than the run: what is measured is a cached read.
      CACHE_TTL_SECONDS: '86400',
      ...env,
    });
  }

  /** A collector, and what makes a service send it the traces of one request in twenty. */
  async startTelemetry() {
    this.parts.collector = await this.startPart('otlp-sink', {});
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.parts.collector.port}`,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.05',
    };
  }

  /** As Prometheus does, but more often. @returns what ends it */
  scrape() {
    const { metricsPort } = this.parts.service;
    const timer = setInterval(() => void fetchBytes(metricsPort, '/metrics').catch(() => undefined), SCRAPE_MS);
    return () => clearInterval(timer);
  }

  /** The service as a fresh clone starts it, with the embedded database in a folder of ours. */
  async startEmbedded() {
    return await this.startNode('embedded', [...FLAGS, MAIN], {
      LOG_LEVEL: 'info',
      DATABASE_DIR: join(this.folder, 'embedded'),
    });
  }

  startPart(name, env) {
    return this.startNode(name, [here(`${name}.mjs`)], { NODE_ENV: 'production', ...env });
  }

  async startNode(name, args, env) {
    const log = join(this.folder, `${name}.log`);
    const port = await freePort();
    const spawned = performance.now();
    const metricsPort = await freePort();
    const ports = { PORT: String(port), METRICS_PORT: String(metricsPort) };
    const child = start(process.execPath, args, { env: { ...env, ...ports }, log, cwd: this.folder });
    await untilAnswers(child, port, '/health/ready', log);
    return { port, metricsPort, pid: child.pid, readyMs: performance.now() - spawned, stop: () => stop(child) };
  }

  /** Through the API: so events, projection and cache are as the service makes them. */
  async fill(side, { port }, expected = this.count) {
    const { requests, errors } = await this.generator.ask('load', {
      side,
      kind: 'put',
      port,
      seconds: 120,
      connections: 32,
    });
    if (requests !== expected || Object.keys(errors).length > 0)
      throw new Error(`The baskets could not be made: ${JSON.stringify({ requests, errors })}`);
  }

  /**
   * What the references' statements leave in the outbox, which nobody publishes. The service's relay turns all pages to find
   * its own pointers: some ten thousand of others' doubled the CPU of each lone PATCH.
   */
  async forgetPointers() {
    await withClient(this.databaseUrl, async (client) => {
      await client.query('DELETE FROM outbox WHERE bucket = $1', [NO_BUCKET]);
      await client.query('VACUUM outbox');
    });
  }

  async copyForReads() {
    const baskets = await this.stored('s');
    await withRedis(this.servers.redisUrl, async (redis) => {
      const copies = redis.pipeline();
      for (const { user_name, json } of baskets) copies.set(`${this.copies}${user_name}`, json);
      await copies.exec();
    });
  }

  /** The writes that made the baskets cached them, but on a busy machine the service may have gone on without Redis. */
  async warmCache() {
    const names = (await this.stored('s')).map(({ user_name }) => user_name);
    for (let pass = 0; pass < WARM_UP_PASSES; pass++) {
      const missing = await withRedis(this.servers.redisUrl, async (redis) => {
        const heads = redis.pipeline();
        for (const name of names) heads.getrange(`basket:${name}`, 0, 0);
        const found = await heads.exec();
        // A value starts with its version, a lease does not.
        return names.filter((_, at) => !/^\d$/.test(found[at][1]));
      });
      if (missing.length === 0) return;
      for (const name of missing) await fetchBytes(this.parts.service.port, `/baskets/${name}`);
      await setTimeout(1000);
    }
    throw new Error('The service did not cache all baskets.');
  }

  /** @param {'s' | 'r' | 'h'} letter of the side */
  async stored(letter) {
    return await withClient(this.databaseUrl, async (client) => {
      const { rows } = await client.query(
        `SELECT p.user_name, p.version, p.basket::text AS json, e.events, e.last
         FROM basket_projections p
         JOIN (SELECT user_name, count(*)::int AS events, max(version) AS last FROM domain_events GROUP BY user_name) e
           USING (user_name)
         WHERE p.user_name LIKE $1 ORDER BY p.user_name`,
        [`${this.run}-${letter}-%`],
      );
      return rows;
    });
  }

  async close() {
    for (const part of Object.values(this.parts)) await part.stop();
    await withRedis(this.servers.redisUrl, async (redis) => {
      const stream = redis.scanStream({ match: `*${this.run}*`, count: 1000 });
      for await (const keys of stream) if (keys.length > 0) await redis.unlink(...keys);
    });
    await withClient(this.servers.databaseUrl, (client) => client.query(`DROP DATABASE ${this.database} WITH (FORCE)`));
  }
}
