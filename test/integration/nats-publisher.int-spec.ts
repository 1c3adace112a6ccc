import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Message } from '../../src/outbox/cloud-event.js';
import { HEADER_BYTES, NatsPublisher } from '../../src/outbox/nats.publisher.js';
import { PoisonMessageError } from '../../src/outbox/publisher.js';
import { eventually } from '../support/eventually.js';
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
  // What it asks while its own connection comes back is lost.
  const count = () => eventually(async () => (await (await stream()).info('BASKET')).state.messages);
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
    ['leaves no room for the headers', 1 - HEADER_BYTES],
    ['is just as large as the server takes without headers', 0],
    ['is much larger than the server takes', 100_000],
  ])('refuses for good a message that %s', async (_, more) => {
    const most = connection.info?.max_payload ?? 0;
    await expect(publisher.publish(messageOf(most + more))).rejects.toThrow(PoisonMessageError);
    await publisher.publish(message());
    expect(await count()).toBe(1);
  });

  it('takes a message that leaves the room for the headers, one with a trace context too', async () => {
    const one = messageOf((connection.info?.max_payload ?? 0) - HEADER_BYTES);
    await publisher.publish(one);
    const traced = headers();
    traced.set('Nats-Msg-Id', randomUUID());
    traced.set('Content-Type', 'application/cloudevents+json');
    traced.set('traceparent', `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`);
    traced.set('tracestate', 'x'.repeat(512));
    await jetstream(connection).publish(one.subject, JSON.stringify(one.event), { headers: traced });
    expect(await count()).toBe(2);
  });

  it('says what kind of message it is', async () => {
    const one = message();
    await publisher.publish(one);
    const stored = await (await stream()).getMessage('BASKET', { seq: 1 });
    expect(stored?.header.get('Nats-Msg-Id')).toBe(one.id);
    expect(stored?.header.get('Content-Type')).toBe('application/cloudevents+json');
    expect(stored?.json()).toEqual(one.event);
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

  it('sends nothing later that it said it could not send', async () => {
    await publisher.publish(message());
    await nats.kill();
    const refused = await Promise.allSettled(Array.from({ length: 20 }, () => publisher.publish(message())));
    expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 'rejected'));
    await nats.start();
    await publishAtLast(message());
    await setTimeout(500);
    expect(await count()).toBe(2);
  });

  it('fails what is under way as soon as the connection breaks', async () => {
    await publisher.publish(message());
    nats.freeze();
    // Not that it did not answer in time.
    const underWay = expect(publisher.publish(message())).rejects.toThrow('The connection to NATS was lost.');
    await nats.kill();
    await underWay;
  });

  it('says within seconds that a server that hangs does not answer', async () => {
    await publisher.publish(message());
    nats.freeze();
    const late = () => setTimeout(12_000, undefined, { ref: false });
    await Promise.all([
      expect(Promise.race([publisher.ping(), late()])).rejects.toThrow(),
      expect(Promise.race([publisher.publish(message()), late()])).rejects.toThrow(),
    ]);
  });
});
