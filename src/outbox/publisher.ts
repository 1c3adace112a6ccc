import type { Message } from './cloud-event.js';

/** The message itself cannot be published, however often it is tried. */
export class PoisonMessageError extends Error {
  override readonly name = 'PoisonMessageError';
}

/** The way out to an event bus. */
export abstract class Publisher {
  abstract readonly kind: 'nats' | 'in-process';

  /**
   * Resolves when the bus has stored the message. A repeat carries the same id.
   *
   * @throws PoisonMessageError when it never will
   */
  abstract publish(message: Message): Promise<void>;

  /** @throws Error when the bus does not answer */
  abstract ping(): Promise<void>;

  abstract close(): Promise<void>;
}
