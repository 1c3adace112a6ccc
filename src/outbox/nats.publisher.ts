import { setTimeout } from 'node:timers/promises';
import { JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, nanos } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Message } from './cloud-event.js';
import { NatsAcks } from './nats-acks.js';
import { inPublishSpan } from './publish-span.js';
import { PoisonMessageError, Publisher } from './publisher.js';

const STREAM = 'BASKET';
const SUBJECTS = 'basket.v1.>';
const TIMEOUT_MS = 2000;
const DUPLICATE_WINDOW_MS = 120_000;
const MAX_AGE_MS = 7 * 86_400_000;
/** A server that says nothing for two of these is left for the next one of the list. */
const PING_INTERVAL_MS = 5000;

/**
 * Of the largest message that the server takes this much is kept free: headers count, and to the message id a trace
 * context may come (W3C: `traceparent` of 55 bytes, `tracestate` of up to 512).
 */
export const HEADER_BYTES = 1024;

interface Session {
  readonly connection: NatsConnection;
  readonly acks: NatsAcks;
}

/** NATS JetStream: stored by the server, repeats dropped by message id for two minutes. */
export class NatsPublisher extends Publisher {
  readonly kind = 'nats';
  readonly lingerMs = 50;
  private session: Promise<Session> | undefined;
  /** Settles once there is a stream. */
  private stream: Promise<void> | undefined;
  private connected = false;

  constructor(private readonly urls: readonly string[]) {
    super();
  }

  publish(message: Message): Promise<void> {
    return inPublishSpan(message, this.kind, (traceparent) => this.send(message, traceparent));
  }

  private async send({ id, subject, event }: Message, traceparent: string | undefined): Promise<void> {
    const { connection, acks } = await this.open();
    await this.ensureStream(connection);
    const payload = Buffer.from(JSON.stringify(event));
    const most = (connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - HEADER_BYTES;
    if (payload.length > most)
      throw new PoisonMessageError(`The message has ${payload.length} bytes, and the server takes ${most}.`);
    const about = headers();
    about.set('Nats-Msg-Id', id);
    about.set('Content-Type', 'application/cloudevents+json');
    if (traceparent !== undefined) about.set('traceparent', traceparent);
    const { reply, stored } = acks.expect();
    try {
      connection.publish(subject, payload, { reply, headers: about });
      await stored;
    } catch (error) {
      // Next time the stream is looked for again: it may be gone.
      if (!(error instanceof PoisonMessageError)) this.stream = undefined;
      throw error;
    }
  }

  async ping(): Promise<void> {
    const pinged = this.open().then(({ connection }) => this.findStream(connection));
    const late = setTimeout(TIMEOUT_MS, undefined, { ref: false }).then(() => {
      throw new Error('NATS does not answer.');
    });
    await Promise.race([pinged, late]);
  }

  async close(): Promise<void> {
    const session = await this.session?.catch(() => undefined);
    await session?.connection.close();
  }

  /**
   * Once it was connected it reconnects by itself for ever; until then each call tries anew.
   *
   * @throws Error at once while there is no connection: a message that waits for one would be sent at any time later
   */
  private async open(): Promise<Session> {
    this.session ??= this.connect().catch((error: unknown) => {
      this.session = undefined;
      throw error;
    });
    const session = await this.session;
    if (!this.connected) throw new Error('The connection to NATS is lost.');
    return session;
  }

  private async connect(): Promise<Session> {
    const connection = await connect({
      servers: [...this.urls],
      name: 'basket',
      timeout: TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: PING_INTERVAL_MS,
    });
    const acks = new NatsAcks(connection, TIMEOUT_MS);
    this.connected = true;
    void this.watch(connection, acks);
    return { connection, acks };
  }

  private async watch(connection: NatsConnection, acks: NatsAcks): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') this.connected = true;
      // It gives up by itself only on what an operator has to mend, and is then opened anew.
      if (type === 'close') this.session = undefined;
      if (type !== 'disconnect' && type !== 'close') continue;
      this.connected = false;
      this.stream = undefined;
      acks.lose(new Error('The connection to NATS was lost.'));
    }
  }

  private ensureStream(connection: NatsConnection): Promise<void> {
    this.stream ??= this.findStream(connection).catch((error: unknown) => {
      this.stream = undefined;
      throw error;
    });
    return this.stream;
  }

  /** Makes the stream where there is none; one that operators have made, with replicas, stays as it is. */
  private async findStream(connection: NatsConnection): Promise<void> {
    const manager = await jetstreamManager(connection, { timeout: TIMEOUT_MS, checkAPI: false });
    try {
      await manager.streams.info(STREAM);
    } catch (error) {
      if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error;
      await manager.streams.add({
        name: STREAM,
        subjects: [SUBJECTS],
        duplicate_window: nanos(DUPLICATE_WINDOW_MS),
        max_age: nanos(MAX_AGE_MS),
      });
    }
  }
}
