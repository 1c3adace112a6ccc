import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Delivery } from './delivery.js';
import type { BeforePublish } from './delivery.js';
import type { Leases } from './leases.js';
import type { Outbox } from './outbox.js';
import type { Publisher } from './publisher.js';

/** Also how many events at most a relay that is killed leaves to be published again. */
export const BATCH = 500;
const BALANCE_MS = 2000;
const STATEMENT_MS = 5000;
const LEAST_BACKOFF_MS = 200;
const MOST_BACKOFF_MS = 5000;
/** After this many failures in a row, some ten seconds, others may try. */
const STAND_BACK = 5;

/**
 * Publishes what the outbox points to: at least once, the events of a basket in version order. A message that cannot
 * be published is parked, and with it the later ones of its basket; other baskets go on.
 */
export class Relay {
  private readonly logger = new Logger(Relay.name);
  private readonly delivery: Delivery;
  private readonly stopped = new AbortController();
  private running: Promise<void> | undefined;
  private news = Promise.withResolvers<undefined>();
  private balanced = Number.NEGATIVE_INFINITY;
  private failures = 0;

  /** @param pollMs how often it looks for what other processes left to it */
  constructor(
    private readonly outbox: Outbox,
    private readonly leases: Leases,
    private readonly publisher: Publisher,
    beforePublish: BeforePublish,
    private readonly pollMs: number,
  ) {
    this.delivery = new Delivery(outbox, leases, publisher, beforePublish);
  }

  start(): void {
    this.running ??= this.run();
  }

  /** There is something new in the outbox. Called for every append: it costs nothing. */
  poke(): void {
    this.news.resolve(undefined);
  }

  /** Ends what it is at, and lets others go on at once. */
  async stop(): Promise<void> {
    this.stopped.abort();
    this.poke();
    await this.running;
    await this.leases.release(deadline()).catch(() => undefined);
  }

  private async run(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const began = performance.now();
      this.news = Promise.withResolvers();
      let more = false;
      try {
        more = await this.turn();
        if (this.failures > 1) this.logger.log('Events are published again.');
        this.failures = 0;
      } catch (error) {
        await this.fail(error as Error);
      }
      if (!more) await this.rest(began);
    }
  }

  /** @returns whether there is more to do at once */
  private async turn(): Promise<boolean> {
    await this.keepLeases();
    const { buckets } = this.leases;
    if (buckets.length === 0) return false;
    const { events, more } = await this.outbox.next(buckets, BATCH, deadline());
    const delivered = await this.delivery.deliver(events, this.stopped.signal);
    if (delivered.length > 0) await this.outbox.remove(delivered, deadline());
    // What is left of a page rests, or this relay stops.
    return more && (delivered.length > 0 || events.length === 0);
  }

  private async keepLeases(): Promise<void> {
    if (this.failures >= STAND_BACK) await this.publisher.ping();
    if (performance.now() - this.balanced < BALANCE_MS) return;
    await this.leases.balance(deadline());
    this.balanced = performance.now();
  }

  private async fail({ message }: Error): Promise<void> {
    this.failures++;
    // One failure may be a statement that lost against another relay's.
    if (this.failures === 2) this.logger.warn(`Events cannot be published: ${message}`);
    if (this.failures < STAND_BACK) return;
    // It may be the way from here to the bus: another relay's may be open.
    this.balanced = Number.NEGATIVE_INFINITY;
    await this.leases.release(deadline()).catch(() => undefined);
  }

  /** Until there is news, not right after the last turn; while nothing can be published news changes nothing. */
  private async rest(began: number): Promise<void> {
    if (this.failures > 0) {
      await this.pause(Math.min(MOST_BACKOFF_MS, LEAST_BACKOFF_MS * 2 ** (this.failures - 1)));
      return;
    }
    const rested = new AbortController();
    const poll = setTimeout(this.pollMs, undefined, { signal: rested.signal }).catch(() => undefined);
    await Promise.race([this.news.promise, poll]);
    rested.abort();
    await this.pause(began + this.publisher.lingerMs - performance.now());
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) await setTimeout(ms, undefined, { signal: this.stopped.signal }).catch(() => undefined);
  }
}

const deadline = (): number => performance.now() + STATEMENT_MS;
