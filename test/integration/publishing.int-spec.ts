import { setTimeout } from 'node:timers/promises';
import { BUCKETS } from '../../src/outbox/buckets.js';
import type { Message } from '../../src/outbox/cloud-event.js';
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
import { deliveries as deliveriesOf, openForgetfulStream, toDelivery } from '../support/publishing.js';
import { describeWith } from '../support/servers.js';

const WRITERS = 16;
const BASKETS = 8;

class UnguardedLeases extends Leases {
  override holds(): boolean {
    return true;
  }

  override get buckets(): number[] {
    return Array.from({ length: BUCKETS }, (_, bucket) => bucket);
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

describeWith(['postgres', 'nats'], 'Publishing by several relays', () => {
  let store: Store;
  let nats: NatsServer;
  let relays: Awaited<ReturnType<typeof startRelay>>[];

  /** A relay with connections of its own, as another process has them. */
  async function startRelay(publisher: Publisher = new NatsPublisher([nats.url]), LeasesToUse = Leases) {
    const { database, close } = await store.another();
    const relay = new Relay(new Outbox(database), new LeasesToUse(database), publisher, () => Promise.resolve(), 50);
    relay.start();
    const stop = async () => {
      await relay.stop();
      await Promise.all([close(), publisher.close()]);
    };
    return { publisher, stop };
  }

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

  beforeEach(async () => {
    [store, nats] = await Promise.all([openStore(), startNatsServer()]);
    await openForgetfulStream(nats.url);
    relays = [];
  });

  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    await nats.close();
    await store.close();
  });

  it('would break the order if a relay took a message for stored before it is (negative control)', async () => {
    relays.push(await startRelay(new HastyPublisher([nats.url])));
    await write(3);
    await drained();
    const all = await stored();
    const { faults } = checkDeliveries(all, await deliveriesOf(nats.url));
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
        return startRelay(publisher, LeasesToUse);
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
