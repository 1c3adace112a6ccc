import type { CloudEvent, Message } from './cloud-event.js';
import { inPublishSpan } from './publish-span.js';
import { Publisher } from './publisher.js';

type Subscriber = (event: CloudEvent) => Promise<void> | void;

/** The embedded default: events go to whoever subscribed in this process. */
export class InProcessPublisher extends Publisher {
  readonly kind = 'in-process';
  private readonly subscribers = new Set<Subscriber>();

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
