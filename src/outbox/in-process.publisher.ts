import type { CloudEvent, Message } from './cloud-event.js';
import { inPublishSpan } from './publish-span.js';
import { Publisher } from './publisher.js';

type Subscriber = (event: CloudEvent) => Promise<void> | void;

/** The embedded default: events go to whoever subscribed in this process. */
export class InProcessPublisher extends Publisher {
  readonly kind = 'in-process';
  private readonly subscribers = new Set<Subscriber>();

  /** While nobody listens nobody waits: more events share a turn of the relay. */
  get lingerMs(): number {
    return this.subscribers.size > 0 ? 20 : 250;
  }

  /** @returns what ends the subscription */
  subscribe(subscriber: Subscriber): () => void {
    this.subscribers.add(subscriber);
    return () => this.subscribers.delete(subscriber);
  }

  publish(message: Message): Promise<void> {
    return inPublishSpan(message, this.kind, async () => {
      for (const subscriber of this.subscribers) await subscriber(message.event);
    });
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.subscribers.clear();
    return Promise.resolve();
  }
}
