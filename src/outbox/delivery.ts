import { Logger } from '@nestjs/common';
import type { StoredEvent } from '../event-store/stored-event.js';
import { toMessage } from './cloud-event.js';
import type { Leases } from './leases.js';
import type { Outbox, PendingEvent } from './outbox.js';
import { PoisonMessageError } from './publisher.js';
import type { Publisher } from './publisher.js';

/** Streams at once: enough to keep the bus busy, few enough to leave requests their turns in between. */
const LANES = 64;
const REST_MS = 1000;
const WARN_EVERY_MS = 10_000;
const PARK_MS = 5000;

/**
 * Called with events of one stream before they are published, at least once: who hears of an event finds what follows
 * from it done. While it throws, the events of this stream wait.
 */
export type BeforePublish = (events: readonly StoredEvent[]) => Promise<void>;

/** The injection token of a `BeforePublish`. */
export const BEFORE_PUBLISH = Symbol('BEFORE_PUBLISH');

interface Refusal {
  readonly event: StoredEvent;
  readonly error: Error;
}

/** Brings events to the bus: streams side by side, the events of one strictly one after the other. */
export class Delivery {
  private readonly logger = new Logger(Delivery.name);
  /** Streams that fail while others do not, and until when they rest; the first to end is first. */
  private readonly resting = new Map<string, number>();
  private warned = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly outbox: Outbox,
    private readonly leases: Leases,
    private readonly publisher: Publisher,
    private readonly beforePublish: BeforePublish,
  ) {}

  /**
   * @param stop ends it between two events
   * @returns what the bus has stored: the pointers may go
   * @throws Error when the bus takes nothing and does not answer either
   */
  async deliver(events: readonly PendingEvent[], stop: AbortSignal): Promise<StoredEvent[]> {
    this.wakeStreams();
    const streams = Map.groupBy(events, ({ stream }) => stream).values();
    const delivered: StoredEvent[] = [];
    const refused: Refusal[] = [];
    const lane = async () => {
      for (const stream of streams) if (!stop.aborted) await this.deliverStream(stream, delivered, refused, stop);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    // It may be the bus, or only these events.
    if (delivered.length === 0 && refused.length > 0) await this.publisher.ping();
    for (const refusal of refused) this.rest(refusal);
    return delivered;
  }

  /** Never throws. */
  private async deliverStream(
    events: readonly PendingEvent[],
    delivered: StoredEvent[],
    refused: Refusal[],
    stop: AbortSignal,
  ): Promise<void> {
    const [first] = events;
    if (!first || this.resting.has(first.stream)) return;
    try {
      await this.beforePublish(events);
    } catch (error) {
      this.rest({ event: first, error: error as Error });
      return;
    }
    for (const event of events) {
      // Whoever has the bucket by now publishes from where the pointers stand.
      if (stop.aborted || !this.leases.holds(event.bucket)) return;
      try {
        // The next one waits until the bus has stored this one: the order does not hang on leases or connections.
        await this.publisher.publish(toMessage(event, event.bucket));
        delivered.push(event);
      } catch (error) {
        if (error instanceof PoisonMessageError) await this.park(event, error);
        else refused.push({ event, error: error as Error });
        return;
      }
    }
  }

  private async park(event: PendingEvent, { message }: Error): Promise<void> {
    this.logger.error(`Event ${event.eventId} cannot be published and is parked: ${message}`);
    try {
      await this.outbox.park(event, message, performance.now() + PARK_MS);
    } catch (error) {
      this.rest({ event, error: error as Error });
    }
  }

  private rest({ event, error }: Refusal): void {
    const now = performance.now();
    this.resting.set(event.stream, now + REST_MS);
    if (now - this.warned < WARN_EVERY_MS) return;
    this.warned = now;
    this.logger.warn(`Event ${event.eventId}, and maybe others, cannot be published yet: ${error.message}`);
  }

  private wakeStreams(): void {
    const now = performance.now();
    for (const [stream, until] of this.resting) {
      if (until > now) return;
      this.resting.delete(stream);
    }
  }
}
