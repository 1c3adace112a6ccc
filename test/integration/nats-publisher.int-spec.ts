import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Message } from '../../src/outbox/cloud-event.js';
import { NatsPublisher } from '../../src/outbox/nats.publisher.js';
import { PoisonMessageError } from '../../src/outbox/publisher.js';
import { startNatsServer } from '../support/nats-server.js';
import type { NatsServer } from '../support/nats-server.js';
import { until } from '../support/outbox.js';
import { describeWith } from '../support/servers.js';

const message = (data: unknown = {}, id = randomUUID() as string): Message => ({
  id,
  subject: 'basket.v1.7.BasketItemAdded',
  event: {
    specversion: '1.0',
    id,
    source: '/baskets',
    type: 'basket.v1.BasketItemAdded',
    subject: 'alice',
    time: new Date(0).toISOString(),
    datacontenttype: 'application/json',
    version: 1,
    basketid: id,
    data,
  },
});

/** A message whose JSON has this many bytes. */
const messageOf = (bytes: number): Message =>
  message('x'.repeat(bytes - Buffer.byteLength(JSON.stringify(message('').event))));

describeWith(['nats'], 'The publisher to NATS', () => {
  let nats: NatsServer;
  let publisher: NatsPublisher;
  let connection: NatsConnection;

  const stream = async () => (await jetstreamManager(connection)).streams;
  const count = async () => (await (await stream()).info('BASKET')).state.messages;
  /** Tries until the bus takes it, as the relay does. */
  const publishAtLast = (one: Message) =>
    until(
      () =>
        publisher.publish(one).then(
          () => true,
          () => false,
        ),
      'the message is published',
      15_000,
    );

  beforeEach(async () => {
    nats = await startNatsServer();
    publisher = new NatsPublisher([nats.url]);
    connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  });

  afterEach(async () => {
    await publisher.close();
    await connection.close();
    await nats.close();
  });

  it('makes the stream where there is none, also when many messages come at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => publisher.publish(message())));
    expect(await count()).toBe(50);
  });

  it('leaves a stream of the operators as it is', async () => {
    await (await stream()).add({ name: 'BASKET', subjects: ['basket.v1.>'], max_msgs: 3 });
    await publisher.publish(message());
    expect((await (await stream()).info('BASKET')).config.max_msgs).toBe(3);
  });

  it('has a repeat stored once', async () => {
    const one = message();
    await publisher.publish(one);
    await publisher.publish(one);
    expect(await count()).toBe(1);
  });

  it.each([
    ['just as large as the server takes without the header of the message id', 0],
    ['larger than the server takes', 1],
    ['much larger than the server takes', 100_000],
  ])('refuses for good a message that is %s', async (_, more) => {
    const most = connection.info?.max_payload ?? 0;
    await expect(publisher.publish(messageOf(most + more))).rejects.toThrow(PoisonMessageError);
    await publisher.publish(message());
    expect(await count()).toBe(1);
  });

  it('refuses for good a message that is larger than the stream takes', async () => {
    await (await stream()).add({ name: 'BASKET', subjects: ['basket.v1.>'], max_msg_size: 1000 });
    await expect(publisher.publish(messageOf(2000))).rejects.toThrow(PoisonMessageError);
  });

  it('fails while the server is away and goes on when it is back', async () => {
    await publisher.publish(message());
    await nats.kill();
    await expect(publisher.publish(message())).rejects.not.toThrow(PoisonMessageError);
    await expect(publisher.ping()).rejects.toThrow();
    await nats.start();
    await publishAtLast(message());
    await publisher.ping();
    await until(async () => (await count()) >= 2, 'both are stored');
  });

  it('goes on when the server was away from the start', async () => {
    await nats.kill();
    const failures = await Promise.allSettled([publisher.publish(message()), publisher.ping()]);
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await nats.start();
    await publishAtLast(message());
  });

  it('makes the stream anew when it is gone', async () => {
    await publisher.publish(message());
    await (await stream()).delete('BASKET');
    await publishAtLast(message());
    expect(await count()).toBe(1);
  });

  it('says within seconds that a server that hangs does not answer', async () => {
    await publisher.publish(message());
    nats.freeze();
    const started = performance.now();
    await expect(Promise.race([publisher.ping(), setTimeout(8000, undefined, { ref: false })])).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(8000);
  });
});
