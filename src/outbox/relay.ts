import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { StoredEvent } from '../event-store/stored-event.js';
import { bucketOf } from './buckets.js';
import { toMessage } from './cloud-event.js';
import type { Leases } from './leases.js';
import type { Outbox } from './outbox.js';
import { PoisonMessageError } from './publisher.js';
import type { Publisher } from './publisher.js';

const BATCH = 500;
const BALANCE_MS = 2000;
const STATEMENT_MS = 5000;
const MOST_BACKOFF_MS = 5000;

/** Called with events once they are published, before their pointers go; when it throws they are published again. */
export type AfterPublish = (events: readonly StoredEvent[]) => Promise<void>;

/** The injection token of an `AfterPublish`. */
export const AFTER_PUBLISH = Symbol('AFTER_PUBLISH');

/**
 * Publishes what the outbox points to: at least once, the events of a basket in version order. A message that cannot
 * be published is parked, and with it the later ones of its basket; other baskets go on.
 */
export class Relay {
  private readonly logger = new Logger(Relay.name);
  private running: Promise<void> | undefined;
  private stopping = false;
  private wake = new AbortController();
  private balanced = Number.NEGATIVE_INFINITY;
  private failures = 0;

  constructor(
    private readonly outbox: Outbox,
    private readonly leases: Leases,
    private readonly publisher: Publisher,
    private readonly afterPublish: AfterPublish,
    private readonly pollMs: number,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** There is something new in the outbox. */
  poke(): void {
    this.wake.abort();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.poke();
    await this.running;
    await this.leases.release(deadline()).catch(() => undefined);
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      let more = false;
      try {
        more = await this.turn();
        if (this.failures > 0) this.logger.log('Events are published again.');
        this.failures = 0;
      } catch (error) {
        if (this.failures++ === 0) this.logger.warn(`Events cannot be published: ${(error as Error).message}`);
      }
      if (!more) await this.rest();
    }
  }

  /** @returns whether there may be more to publish */
  private async turn(): Promise<boolean> {
    if (performance.now() - this.balanced > BALANCE_MS) {
      await this.leases.balance(deadline());
      this.balanced = performance.now();
    }
    const { buckets } = this.leases;
    if (buckets.length === 0) return false;
    const { events, more } = await this.outbox.next(buckets, BATCH, deadline());
    await this.publish(events);
    return more;
  }

  private async publish(events: readonly StoredEvent[]): Promise<void> {
    const published: StoredEvent[] = [];
    const streams = [...Map.groupBy(events, ({ stream }) => stream).values()];
    const outcomes = await Promise.allSettled(streams.map((stream) => this.publishStream(stream, published)));
    if (published.length > 0) {
      await this.afterPublish(published);
      await this.outbox.remove(published, deadline());
    }
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** One after the other: the next waits until the bus has stored the one before. */
  private async publishStream(events: readonly StoredEvent[], published: StoredEvent[]): Promise<void> {
    for (const event of events) {
      // Whoever has the bucket by now publishes from where the pointers stand.
      if (this.stopping || !this.leases.holds(bucketOf(event.stream))) return;
      try {
        await this.publisher.publish(toMessage(event));
      } catch (error) {
        if (!(error instanceof PoisonMessageError)) throw error;
        this.logger.error(`Event ${event.eventId} cannot be published and is parked: ${error.message}`);
        await this.outbox.park(event, error.message, deadline());
        return;
      }
      published.push(event);
    }
  }

  private async rest(): Promise<void> {
    const backoff = this.failures > 0 ? Math.min(MOST_BACKOFF_MS, 100 * 2 ** this.failures) : this.pollMs;
    // While the bus is away news does not make it come back sooner.
    const signal = this.failures > 0 && !this.stopping ? undefined : this.wake.signal;
    await setTimeout(backoff, undefined, signal ? { signal } : {}).catch(() => undefined);
    if (this.wake.signal.aborted) this.wake = new AbortController();
  }
}

const deadline = (): number => performance.now() + STATEMENT_MS;
