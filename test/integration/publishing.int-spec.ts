import { setTimeout } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, nanos } from '@nats-io/transport-node';
import { BUCKETS } from '../../src/outbox/buckets.js';
import type { CloudEvent, Message } from '../../src/outbox/cloud-event.js';
import { InProcessPublisher } from '../../src/outbox/in-process.publisher.js';
import { Leases } from '../../src/outbox/leases.js';
import { NatsPublisher } from '../../src/outbox/nats.publisher.js';
import { Outbox } from '../../src/outbox/outbox.js';
import type { Publisher } from '../../src/outbox/publisher.js';
import { Relay } from '../../src/outbox/relay.js';
import { checkDeliveries } from '../support/deliveries.js';
import type { Delivery } from '../support/deliveries.js';
import { startNatsServer } from '../support/nats-server.js';
import type { NatsServer } from '../support/nats-server.js';
import { openStore, until } from '../support/outbox.js';
import { soon } from '../support/store.js';
import type { Store } from '../support/outbox.js';
import { describeWith } from '../support/servers.js';

const WRITERS = 16;
const BASKETS = 8;

/** Leases that run out three times as fast, so that the heirs of a relay that is gone need not be waited for. */
const hurriedClock = () => Date.UTC(2026, 0, 1) + performance.now() * 3;

class UnguardedLeases extends Leases {
  override holds(): boolean {
    return true;
  }

  override get buckets(): number[] {
    return Array.from({ length: BUCKETS }, (_, bucket) => bucket);
  }
}

/** Lets something happen between the storing of a message and the news of it. */
class WatchedPublisher extends NatsPublisher {
  onStored = (): Promise<void> => Promise.resolve();

  override async publish(message: Message): Promise<void> {
    await super.publish(message);
    await this.onStored();
  }
}

/** Says that a message is stored before it is. */
class HastyPublisher extends NatsPublisher {
  private sent = 0;

  override publish(message: Message): Promise<void> {
    void setTimeout((this.sent++ % 5) * 20).then(() => super.publish(message).catch(() => undefined));
    return Promise.resolve();
  }
}

const toDelivery = (event: CloudEvent, messageId = event.id): Delivery => ({
  messageId,
  eventId: event.id,
  stream: event.subject,
  version: event.version,
});

describeWith(['postgres', 'nats'], 'Publishing by several relays', () => {
  let store: Store;
  let nats: NatsServer;
  let relays: Awaited<ReturnType<typeof startRelay>>[];

  /** A relay with connections of its own, as another process has them. */
  async function startRelay(
    publisher: Publisher = new NatsPublisher([nats.url]),
    LeasesToUse = Leases,
    now = hurriedClock,
  ) {
    const { database, close: closeDatabase } = await store.another();
    let closing: Promise<void> | undefined;
    const close = () => (closing ??= closeDatabase());
    const leases = new LeasesToUse(database, now);
    const relay = new Relay(new Outbox(database), leases, publisher, () => Promise.resolve(), 50);
    relay.start();
    /** Takes its connections away in the midst of its work: it can neither clear pointers nor release leases. */
    const abandon = async () => {
      await Promise.all([close(), publisher.close()]);
      await relay.stop();
    };
    const stop = async () => {
      await relay.stop();
      await abandon();
    };
    return { publisher, close, abandon, stop };
  }

  /** Whichever relay stores a message next loses its database before it hears of it. */
  const killOneAtWork = async () => {
    const { promise, resolve } = Promise.withResolvers<(typeof relays)[number]>();
    const watched = relays.map(({ publisher }) => publisher).filter((one) => one instanceof WatchedPublisher);
    for (const relay of relays) {
      if (!(relay.publisher instanceof WatchedPublisher)) continue;
      relay.publisher.onStored = async () => {
        for (const publisher of watched) publisher.onStored = () => Promise.resolve();
        resolve(relay);
        await relay.close();
      };
    }
    const victim = await promise;
    await victim.abandon();
    relays = relays.filter((relay) => relay !== victim);
  };

  const write = async (rounds: number) => {
    const writer = async (name: number) => {
      for (let round = 0; round < rounds; round++)
        for (let basket = 0; basket < BASKETS; basket++) await store.append(`user-${name}-${basket}`, round * 2, 2);
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, name) => writer(name)));
  };

  const drained = () => until(async () => (await store.outbox.lag(soon())).events === 0, 'the outbox is empty', 60_000);

  const stored = async () => {
    const { rows } = await store.query<{ user_name: string; ids: string[] }>(
      'SELECT user_name, array_agg(event_id ORDER BY version) AS ids FROM domain_events GROUP BY user_name',
    );
    return new Map(rows.map(({ user_name, ids }) => [user_name, ids]));
  };

  /** All that the stream has, in its order. */
  const delivered = async (): Promise<Delivery[]> => {
    const connection = await connect({ servers: nats.url });
    try {
      const { state } = await (await jetstreamManager(connection)).streams.info('BASKET');
      const deliveries: Delivery[] = [];
      const consumer = await jetstream(connection).consumers.get('BASKET');
      while (deliveries.length < state.messages)
        for await (const message of await consumer.fetch({ max_messages: 500, expires: 1000 }))
          deliveries.push(toDelivery(message.json<CloudEvent>(), message.headers?.get('Nats-Msg-Id')));
      return deliveries;
    } finally {
      await connection.close();
    }
  };

  /** A stream that forgets at once what it has, so that the consumer sees the repeats. */
  const openForgetfulStream = async () => {
    const connection = await connect({ servers: nats.url });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'BASKET', subjects: ['basket.v1.>'], duplicate_window: nanos(100) });
    await connection.close();
  };

  beforeEach(async () => {
    [store, nats] = await Promise.all([openStore(), startNatsServer()]);
    await openForgetfulStream();
    relays = [];
  });

  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    await nats.close();
    await store.close();
  });

  it('delivers every event at least once and in order while relays die and the bus is killed', async () => {
    const start = () => startRelay(new WatchedPublisher([nats.url]));
    relays = await Promise.all([start(), start(), start()]);
    const writing = write(10);
    for (let kill = 0; kill < 4; kill++) {
      await killOneAtWork();
      relays.push(await start());
      if (kill !== 1) continue;
      await nats.kill();
      await setTimeout(300);
      await nats.start();
    }
    await writing;
    await drained();
    const { faults, repeats } = checkDeliveries(await stored(), await delivered());
    expect(faults).toEqual([]);
    // A relay that dies in a batch leaves the pointers of what it has published.
    expect(repeats).toBeGreaterThan(0);
    expect([...(await stored()).values()].flat()).toHaveLength(WRITERS * BASKETS * 20);
  }, 120_000);

  it('would not, if a relay took a message for stored before it is (negative control)', async () => {
    relays.push(await startRelay(new HastyPublisher([nats.url])));
    await write(3);
    await drained();
    const all = await stored();
    const { faults } = checkDeliveries(all, await delivered());
    expect(faults.some((fault) => fault.includes('came behind'))).toBe(true);
  }, 60_000);

  it.each([
    ['delivers every event once while no relay dies', Leases, 1],
    ['would repeat events without leases (negative control)', UnguardedLeases, 3],
  ])(
    '%s',
    async (_, LeasesToUse, atWork) => {
      const deliveries: Delivery[] = [];
      const waiting = new Set<Publisher>();
      const gate = Promise.withResolvers<undefined>();
      const start = () => {
        const publisher = new InProcessPublisher();
        publisher.subscribe(async (event) => {
          deliveries.push(toDelivery(event));
          waiting.add(publisher);
          await gate.promise;
        });
        return startRelay(publisher, LeasesToUse, Date.now);
      };
      await write(1);
      relays = await Promise.all([start(), start(), start()]);
      await until(() => waiting.size >= atWork, 'relays are at work');
      gate.resolve(undefined);
      await drained();
      const { faults, repeats } = checkDeliveries(await stored(), deliveries);
      expect(faults).toEqual([]);
      if (LeasesToUse === Leases) expect(repeats).toBe(0);
      else expect(repeats).toBeGreaterThan(0);
    },
    60_000,
  );
});
