import type { CloudEvent } from '../../src/outbox/cloud-event.js';
import { InProcessPublisher } from '../../src/outbox/in-process.publisher.js';
import { Leases } from '../../src/outbox/leases.js';
import type { BeforePublish } from '../../src/outbox/delivery.js';
import { Relay } from '../../src/outbox/relay.js';
import { openStore, until } from './outbox.js';
import type { Store } from './outbox.js';
import { soon } from './store.js';

/** A relay of each test's own, on an outbox that is empty, and what it publishes to. */
interface RelayTest {
  readonly store: Store;
  readonly publisher: InProcessPublisher;
  readonly relay: Relay;
  /** Another one, in its place. */
  readonly relayOf: (beforePublish?: BeforePublish, leases?: Leases) => Relay;
  /** What a subscriber has recorded. */
  readonly seen: CloudEvent[];
  readonly record: (event: CloudEvent) => void;
  readonly versionsOf: (stream: string) => number[];
  readonly drained: () => Promise<void>;
}

/** What it gets is there while its tests run. */
export function describeRelay(title: string, suite: (its: () => RelayTest) => void): void {
  describe(title, () => {
    let store: Store;
    let relays: Relay[];
    let test: RelayTest;

    beforeAll(async () => {
      store = await openStore();
    });

    afterAll(() => store.close());

    beforeEach(() => {
      const publisher = new InProcessPublisher();
      const seen: CloudEvent[] = [];
      relays = [];
      const relayOf = (beforePublish: BeforePublish = () => Promise.resolve(), leases = new Leases(store.database)) => {
        const relay = new Relay(store.outbox, leases, publisher, beforePublish, 50);
        relays.push(relay);
        return relay;
      };
      test = {
        ...{ store, publisher, seen, relayOf, relay: relayOf() },
        record: (event) => void seen.push(event),
        versionsOf: (stream) => seen.filter(({ subject }) => subject === stream).map(({ version }) => version),
        drained: () => until(async () => (await store.outbox.lag(soon())).events === 0, 'the outbox is empty'),
      };
    });

    afterEach(async () => {
      for (const relay of relays) await relay.stop();
      await store.empty();
    });
    suite(() => test);
  });
}
