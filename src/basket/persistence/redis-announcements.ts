import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { channelOf, userOf } from './redis-scripts.js';

const ANSWER_MS = 1000;
const PING_MS = 5000;
const RECONNECT_MS = 1000;
/** In one command. */
const MOST_CHANNELS = 1000;

/**
 * Versions that the scripts of the cache announce, whichever process calls them. One more connection, made when the
 * first basket is followed: Redis keeps those that subscribe to themselves. A cluster passes what is published to all
 * its nodes, so any one of them will do; when a connection ends the next node is tried.
 */
export class RedisAnnouncements {
  private readonly logger = new Logger(RedisAnnouncements.name);
  private readonly followed = new Set<string>();
  private next: (userName: string, version: number) => void = () => undefined;
  private gap: () => void = () => undefined;
  private redis: Redis | undefined;
  private attempts = 0;
  private up = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly urls: readonly string[]) {}

  get isUp(): boolean {
    return this.up;
  }

  listen(next: (userName: string, version: number) => void, gap: () => void): void {
    this.next = next;
    this.gap = gap;
  }

  follow(userName: string): void {
    this.followed.add(userName);
    if (!this.redis && !this.closed) this.connect();
    else if (this.up) void this.ask((redis) => redis.subscribe(channelOf(userName)));
  }

  unfollow(userName: string): void {
    this.followed.delete(userName);
    if (this.up) void this.ask((redis) => redis.unsubscribe(channelOf(userName)));
  }

  close(): void {
    this.closed = true;
    this.up = false;
    clearTimeout(this.timer);
    this.redis?.disconnect();
  }

  private connect(): void {
    const redis = new Redis(this.urls[this.attempts++ % this.urls.length] ?? '', {
      enableOfflineQueue: false,
      autoResubscribe: false,
      connectTimeout: ANSWER_MS,
      commandTimeout: ANSWER_MS,
      retryStrategy: () => null,
    });
    this.redis = redis;
    redis.on('error', (error: Error) => this.logger.debug(`Redis: ${error.message}`));
    redis.on('message', (channel: string, version: string) => this.next(userOf(channel), Number(version)));
    redis.on('ready', () => void this.subscribe());
    redis.on('end', () => this.reconnect());
  }

  /** What was announced while nothing was subscribed to is lost. */
  private async subscribe(): Promise<void> {
    const asked = new Set<string>();
    // Who comes meanwhile is not told that it is up, and so must be found here.
    for (
      let names = [...this.followed];
      names.length > 0;
      names = [...this.followed].filter((name) => !asked.has(name))
    ) {
      const channels = names.slice(0, MOST_CHANNELS).map(channelOf);
      if (!(await this.ask((redis) => redis.subscribe(...channels)))) return;
      for (const name of names.slice(0, MOST_CHANNELS)) asked.add(name);
    }
    this.up = !this.closed;
    this.gap();
    this.watch();
  }

  /** A connection whose other end is gone says nothing by itself. */
  private watch(): void {
    this.timer = setTimeout(() => {
      void this.ask((redis) => redis.ping()).then((alive) => {
        if (alive && !this.closed) this.watch();
      });
    }, PING_MS).unref();
  }

  private reconnect(): void {
    clearTimeout(this.timer);
    this.up = false;
    if (this.closed) return;
    this.timer = setTimeout(() => this.connect(), RECONNECT_MS).unref();
  }

  /** @returns whether there was an answer; without one the connection is given up */
  private async ask(question: (redis: Redis) => Promise<unknown>): Promise<boolean> {
    const { redis } = this;
    if (!redis) return false;
    try {
      await question(redis);
      return true;
    } catch (error) {
      this.logger.debug(`Redis: ${(error as Error).message}`);
      redis.disconnect();
      return false;
    }
  }
}
