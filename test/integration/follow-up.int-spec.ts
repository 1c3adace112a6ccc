import type { BasketRepository } from '../../src/basket/basket.repository.js';
import { FollowUp } from '../../src/basket/follow-up.js';
import type { BasketCache } from '../../src/basket/persistence/basket-cache.js';
import { CachedBasketRepository } from '../../src/basket/persistence/cached-basket.repository.js';
import type { CloudEvent } from '../../src/outbox/cloud-event.js';
import type { BeforePublish } from '../../src/outbox/delivery.js';
import { InProcessPublisher } from '../../src/outbox/in-process.publisher.js';
import { Leases } from '../../src/outbox/leases.js';
import { Outbox } from '../../src/outbox/outbox.js';
import { Relay } from '../../src/outbox/relay.js';
import { someUser } from '../support/app.js';
import { describeCaches } from '../support/caches.js';
import { adding, someItem } from '../support/items.js';
import { until } from '../support/outbox.js';
import { TestStore, soon } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';

describeCaches('A cache that was not told of a write, because the process died', (caches) => {
  let store: TestStore;
  let process: StoreProcess;
  let cache: BasketCache;
  let baskets: BasketRepository;
  let user: string;
  let relay: Relay | undefined;

  beforeAll(async () => {
    store = await TestStore.open();
    process = store.process();
    cache = await caches().connect();
    baskets = new CachedBasketRepository(process.baskets, cache);
  });
  afterAll(() => store[Symbol.asyncDispose]());

  beforeEach(async () => {
    user = someUser();
    await baskets.update(user, adding(someItem()));
    await baskets.find(user);
    await store.query('DELETE FROM outbox');
    // Past the cache: the process that decided this is gone before it gets that far.
    await process.baskets.update(user, adding(someItem()));
  });
  afterEach(() => relay?.stop());

  const versionRead = async () => (await baskets.find(user)).version;

  const publish = async (beforePublish: BeforePublish, publisher = new InProcessPublisher()) => {
    const outbox = new Outbox(process.database);
    relay = new Relay(outbox, new Leases(process.database), publisher, beforePublish, 20);
    relay.start();
    await until(async () => (await outbox.lag(soon())).events === 0, 'the outbox is empty');
  };

  it('is repaired by the relay, before anybody hears of the event', async () => {
    expect(await versionRead()).toBe(2);
    const followUp = new FollowUp(cache, process.completion);
    const publisher = new InProcessPublisher();
    const heard: (readonly [CloudEvent['version'], number])[] = [];
    publisher.subscribe(async ({ version }) => void heard.push([version, await versionRead()]));
    await publish((events) => followUp.after(events), publisher);
    expect(heard).toEqual([[3, 3]]);
    expect(await versionRead()).toBe(3);
  });

  it('stays as it is without that (negative control)', async () => {
    await publish(() => Promise.resolve());
    expect(await versionRead()).toBe(2);
  });
});
