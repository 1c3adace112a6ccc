import type { Message } from './cloud-event.js';

/** The message itself cannot be published, however often it is tried. */
export class PoisonMessageError extends Error {
  override readonly name = 'PoisonMessageError';
}

/** The way out to an event bus. */
export abstract class Publisher {
  abstract readonly kind: 'nats' | 'in-process';

  /** Milliseconds that the relay lets news gather after its last turn: what comes meanwhile shares its statements. */
  abstract readonly lingerMs: number;

  /**
   * Resolves when the bus has stored the message. A repeat carries the same id.
   *
   * @throws PoisonMessageError when it never will
   */
  abstract publish(message: Message): Promise<void>;

  /** Resolves when the bus could take a message. @throws Error when it could not, within seconds */
  abstract ping(): Promise<void>;

  abstract close(): Promise<void>;
}
