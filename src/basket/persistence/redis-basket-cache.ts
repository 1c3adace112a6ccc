import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import { Redis } from 'ioredis';
import type { Cluster } from 'ioredis';
import { counts } from '../../telemetry/counts.js';
import { inStatementSpan } from '../../telemetry/spans.js';
import type { BasketDocument } from '../basket.repository.js';
import { BasketCache, LEASE_MS } from './basket-cache.js';
import type { Look } from './basket-cache.js';
import { Patience } from './patience.js';
import { Repairs } from './repairs.js';
import { COMMAND_TIMEOUT_MS } from './redis.js';
import { defineBasketCommands, keyOf } from './redis-scripts.js';

const COLON = 0x3a;
const LEASE_MARK = 0x4c;

/**
 * A cache that was away is not read for so long: other processes may be a moment later to find it again (a second between two attempts
 * to connect, a second with an open circuit), and what they wrote until then is in it only when they have repaired it.
 */
export const CONVALESCENCE_MS = 5000;

/** A cache that was in time within so long is not away, whatever the circuit says: a stumble is no reason not to tell it of a write. */
const AWAY_MS = 1000;
/** Of a write, in times of that of a read. */
const PATIENCE_OF_WRITES = 2;

/**
 * One string a user under `basket:{userName}`: `<version>:<json>`, a tombstone `<version>:`, or a lease `L<token>`.
 * Each command names one key, so a cluster will do. While Redis does not answer it is left alone for a second at a
 * time, and writes it was not told of are kept in mind until it was.
 *
 * When it stands still and goes on, it may serve us before it takes up the write of another process that has waited in vain for it and
 * was acknowledged since. So what it says after a silence is asked again: by then it has done what had arrived before.
 */
export class RedisBasketCache extends BasketCache {
  readonly kind = 'redis';
  private readonly logger = new Logger(RedisBasketCache.name);
  private readonly breaker = circuitBreaker(handleAll, { halfOpenAfter: 1000, breaker: new ConsecutiveBreaker(5) });
  private readonly repairs: Repairs;
  private readonly patience = new Patience();
  private corked = false;
  private isWell = true;
  private wasThere = false;
  private trustedFrom = 0;
  /** When the last command was sent that was answered in time. */
  private alive = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly redis: Redis | Cluster,
    private readonly ttlSeconds: number,
    private readonly patienceMs = COMMAND_TIMEOUT_MS,
    private readonly convalescenceMs = CONVALESCENCE_MS,
  ) {
    super();
    defineBasketCommands(redis);
    redis.on('error', (error: Error) => this.logger.debug(`Redis: ${error.message}`));
    this.breaker.onBreak(() => this.logger.warn('Redis does not answer: baskets are read from PostgreSQL.'));
    this.breaker.onReset(() => {
      this.distrust();
      this.logger.log('Redis answers again.');
    });
    redis.on('ready', () => {
      if (this.wasThere) this.distrust();
      this.wasThere = true;
      this.repairs.sendAll();
    });
    this.repairs = new Repairs((userName, version) => {
      this.cork();
      return this.redis.basketDrop(keyOf(userName), version);
    });
  }

  async look(userName: string): Promise<Look> {
    // What the key holds may be older than a write of ours that has been acknowledged.
    const { trustedFrom } = this;
    if (this.repairs.has(userName) || performance.now() < trustedFrom) return {};
    try {
      const silence = performance.now() - this.alive;
      let value = await this.send('get', () => this.redis.getBuffer(keyOf(userName)));
      if (value && silence > this.patienceMs)
        value = await this.send('get', () => this.redis.getBuffer(keyOf(userName)));
      // By this answer, or while it was on its way, Redis was found again.
      if (this.trustedFrom !== trustedFrom) return {};
      if (value && value[0] !== LEASE_MARK) {
        counts.cacheHits++;
        return { basket: decode(value) };
      }
      counts.cacheMisses++;
      if (value) return {};
      const lease = `L${randomUUID()}`;
      const taken = await this.send('lease', () => this.redis.set(keyOf(userName), lease, 'PX', LEASE_MS, 'NX'));
      return taken === null ? {} : { lease };
    } catch {
      counts.cacheErrors++;
      return {};
    }
  }

  async fill(userName: string, basket: BasketDocument, lease: string): Promise<void> {
    try {
      const value = encode(basket);
      const filled = await this.send('fill', () => this.redis.basketFill(keyOf(userName), lease, value, this.expiry()));
      if (filled === 0) counts.cacheStaleDiscards++;
    } catch (error) {
      counts.cacheErrors++;
      this.logger.debug(`A read was not cached: ${(error as Error).message}`);
    }
  }

  async put(userName: string, basket: BasketDocument): Promise<void> {
    try {
      await this.tell('put', () =>
        this.redis.basketPut(keyOf(userName), encode(basket), this.expiry(), basket.version),
      );
    } catch (error) {
      counts.cacheErrors++;
      this.logger.debug(`A write was not cached and will be repaired: ${(error as Error).message}`);
      this.repairs.add(userName, basket.version);
    }
  }

  async drop(userName: string, version: number): Promise<void> {
    try {
      await this.tell('drop', () => this.redis.basketDrop(keyOf(userName), version));
    } catch {
      counts.cacheErrors++;
      this.repairs.add(userName, version);
    }
  }

  async ping(): Promise<number> {
    const start = performance.now();
    await this.patience.for(this.redis.ping(), this.patienceMs);
    return performance.now() - start;
  }

  async close(): Promise<void> {
    this.repairs.stop();
    if (this.breaker.state === CircuitState.Closed) await this.redis.quit().catch(() => this.redis.disconnect());
    else this.redis.disconnect();
  }

  private distrust(): void {
    this.trustedFrom = performance.now() + this.convalescenceMs;
  }

  /** @param name what it is for, in spans */
  private send<Answer>(name: string, command: () => Promise<Answer>, patienceMs = this.patienceMs): Promise<Answer> {
    return inStatementSpan('redis', { name }, () =>
      this.isWell ? this.askDirectly(command, patienceMs) : this.askThroughBreaker(command, patienceMs),
    );
  }

  /** The breaker, which costs a read a microsecond, hears of failures, and of what comes after one until all is well again. */
  private async askDirectly<Answer>(command: () => Promise<Answer>, patienceMs: number): Promise<Answer> {
    try {
      return await this.ask(command, patienceMs);
    } catch (error) {
      this.isWell = false;
      return await this.breaker.execute(() => Promise.reject(error as Error));
    }
  }

  private async askThroughBreaker<Answer>(command: () => Promise<Answer>, patienceMs: number): Promise<Answer> {
    const answer = await this.breaker.execute(() => this.ask(command, patienceMs));
    this.isWell = true;
    return answer;
  }

  /** For writes: others serve what they have replaced for as long as the cache is not told. */
  private tell<Answer>(name: string, command: () => Promise<Answer>): Promise<Answer> {
    const patienceMs = PATIENCE_OF_WRITES * this.patienceMs;
    if (performance.now() - this.alive > AWAY_MS) return this.send(name, command, patienceMs);
    return inStatementSpan('redis', { name }, () => this.ask(command, patienceMs));
  }

  private async ask<Answer>(command: () => Promise<Answer>, patienceMs: number): Promise<Answer> {
    this.cork();
    const start = performance.now();
    const answer = await this.patience.for(command(), patienceMs);
    if (performance.now() - start <= this.patienceMs) this.alive = Math.max(this.alive, start);
    return answer;
  }

  /**
   * What is sent while the sockets that are ready are read goes to Redis in one write: a write a command costs more
   * than the rest of the command. Nothing waits for a timer.
   */
  private cork(): void {
    if (this.corked) return;
    this.corked = true;
    const socket = socketOf(this.redis);
    socket?.cork();
    setImmediate(() => {
      this.corked = false;
      socket?.uncork();
    });
  }

  /** Milliseconds; spread, so that what was cached together does not expire together. */
  private expiry(): number {
    return Math.round(this.ttlSeconds * 1000 * (0.9 + Math.random() * 0.2));
  }
}

/** None before the first connection; a cluster has one for each of its nodes. */
const socketOf = (redis: Redis | Cluster): Redis['stream'] | undefined =>
  redis instanceof Redis ? redis.stream : undefined;

const encode = ({ version, json = '' }: BasketDocument) => `${version}:${json.toString()}`;

function decode(value: Buffer): BasketDocument {
  const colon = value.indexOf(COLON);
  const json = value.subarray(colon + 1);
  return { version: Number(value.toString('latin1', 0, colon)), json: json.length > 0 ? json : undefined };
}
