import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamClient } from '@nats-io/jetstream';
import { connect, headers, nanos } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Message } from './cloud-event.js';
import { inPublishSpan } from './publish-span.js';
import { PoisonMessageError, Publisher } from './publisher.js';

const STREAM = 'BASKET';
const SUBJECTS = 'basket.v1.>';
const TIMEOUT_MS = 2000;
const DUPLICATE_WINDOW_MS = 120_000;

/** NATS JetStream: stored by the server, repeats dropped by message id for two minutes. */
export class NatsPublisher extends Publisher {
  readonly kind = 'nats';
  private connection: Promise<NatsConnection> | undefined;
  private client: JetStreamClient | undefined;

  constructor(private readonly urls: readonly string[]) {
    super();
  }

  publish(message: Message): Promise<void> {
    return inPublishSpan(message, this.kind, (traceparent) => this.send(message, traceparent));
  }

  private async send({ id, subject, event }: Message, traceparent: string | undefined): Promise<void> {
    const connection = await this.connected();
    const payload = JSON.stringify(event);
    const most = connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (Buffer.byteLength(payload) > most)
      throw new PoisonMessageError(`The message is larger than the ${most} bytes that the server takes.`);
    this.client ??= await this.openStream(connection);
    const about = traceparent === undefined ? undefined : headers();
    about?.set('traceparent', traceparent ?? '');
    await this.client.publish(subject, payload, { msgID: id, timeout: TIMEOUT_MS, ...(about && { headers: about }) });
  }

  async ping(): Promise<void> {
    const connection = await this.connected();
    await connection.rtt();
  }

  async close(): Promise<void> {
    const connection = await this.connection?.catch(() => undefined);
    await connection?.close();
  }

  /** Reconnects by itself for ever, once it was connected; until then each call tries anew. */
  private async connected(): Promise<NatsConnection> {
    this.connection ??= connect({
      servers: [...this.urls],
      name: 'basket',
      timeout: TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
    });
    try {
      return await this.connection;
    } catch (error) {
      this.connection = undefined;
      throw error;
    }
  }

  /** Makes the stream where there is none; one that operators have made, with replicas, stays as it is. */
  private async openStream(connection: NatsConnection): Promise<JetStreamClient> {
    const manager = await jetstreamManager(connection, { timeout: TIMEOUT_MS });
    try {
      await manager.streams.info(STREAM);
    } catch {
      await manager.streams.add({
        name: STREAM,
        subjects: [SUBJECTS],
        duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      });
    }
    return jetstream(connection, { timeout: TIMEOUT_MS });
  }
}
