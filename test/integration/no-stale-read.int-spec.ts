import { setTimeout } from 'node:timers/promises';
import { BasketRepository } from '../../src/basket/basket.repository.js';
import type { BasketDocument, BasketUpdate, UpdateOptions } from '../../src/basket/basket.repository.js';
import { isOpen } from '../../src/basket/domain/basket.js';
import { remove } from '../../src/basket/domain/decisions.js';
import type { Decide } from '../../src/basket/domain/decisions.js';
import { BasketCache } from '../../src/basket/persistence/basket-cache.js';
import type { Look } from '../../src/basket/persistence/basket-cache.js';
import { CachedBasketRepository } from '../../src/basket/persistence/cached-basket.repository.js';
import { someUser } from '../support/app.js';
import { describeCaches } from '../support/caches.js';
import type { TestCaches } from '../support/caches.js';
import { adding, someItem } from '../support/items.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { count, figure, isLong, sized } from '../support/sizes.js';
import { TestStore } from '../support/store.js';

const LONGEST_DELAY_MS = 50;
const USERS = 4;
const WRITES_A_WRITER = sized(12, 250);
const LEAST_READS = sized(250, 10_000);

const delay = () => setTimeout(Math.random() * LONGEST_DELAY_MS);

/** What it has read reaches the cache and the caller late. */
class DelayedReads extends BasketRepository {
  constructor(private readonly inner: BasketRepository) {
    super();
  }

  async find(userName: string): Promise<BasketDocument> {
    const found = await this.inner.find(userName);
    await delay();
    return found;
  }

  async update(userName: string, decide: Decide, options?: UpdateOptions): Promise<BasketUpdate> {
    const update = await this.inner.update(userName, decide, options);
    await delay();
    return update;
  }
}

/** What caches without leases do; it stands on a cache that takes whatever it gets. */
abstract class CacheWithoutLeases extends BasketCache {
  readonly kind = 'in-process';

  constructor(
    protected readonly places: TestCaches,
    protected readonly reads: BasketCache,
  ) {
    super();
  }

  async look(userName: string): Promise<Look> {
    const { basket } = await this.reads.look(userName);
    return basket ? { basket } : { lease: 'anybody' };
  }

  abstract override fill(userName: string, basket: BasketDocument): Promise<void>;
  abstract override put(userName: string, basket: BasketDocument): Promise<void>;

  drop(userName: string): Promise<void> {
    return this.places.expire(userName);
  }

  ping(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Cache-aside as in the textbook: a miss fills, a write invalidates. */
class Naive extends CacheWithoutLeases {
  fill(userName: string, basket: BasketDocument): Promise<void> {
    return this.places.poison(userName, basket);
  }

  put(userName: string): Promise<void> {
    return this.places.expire(userName);
  }
}

/** The textbook's next page: nothing older replaces something newer. */
class NewerOnly extends CacheWithoutLeases {
  async fill(userName: string, basket: BasketDocument): Promise<void> {
    const { basket: there } = await this.reads.look(userName);
    if (!there || there.version < basket.version) await this.places.poison(userName, basket);
  }

  put(userName: string, basket: BasketDocument): Promise<void> {
    return this.fill(userName, basket);
  }
}

describeCaches('Reads among writes, expiries and FLUSHALL', (caches) => {
  let store: TestStore;

  beforeAll(async () => {
    store = await TestStore.open();
  });
  beforeEach(() => caches().flush());
  afterAll(() => store[Symbol.asyncDispose]());

  /**
   * Processes read and write some baskets, everything with delays. Counts reads below what had been acknowledged.
   *
   * @param isEnough whether so many of them end it
   */
  async function run(connect: () => Promise<BasketCache>, isEnough = (_stale: number) => false) {
    const processes = await Promise.all(
      [0, 1].map(async () => new CachedBasketRepository(new DelayedReads(store.process().baskets), await connect())),
    );
    const users = Array.from({ length: USERS }, () => someUser());
    const acknowledged = new Map<string, number>();
    const item = someItem();
    let [reads, stale] = [0, 0];
    let writing = true;

    const write = async (at: number) => {
      const user = users[at % USERS] ?? '';
      for (let n = 0; n < WRITES_A_WRITER && !isEnough(stale); n++) {
        const decide: Decide = (basket, next) =>
          isOpen(basket) && Math.random() < 0.2 ? remove(basket) : adding(item)(basket, next);
        const update = await processes[n % 2]?.update(user, decide);
        acknowledged.set(user, Math.max(acknowledged.get(user) ?? 0, update?.after.version ?? 0));
        await setTimeout(Math.random() * 10);
      }
    };
    const read = async (at: number) => {
      while (!isEnough(stale) && (writing || reads < LEAST_READS)) {
        const user = users[Math.floor(Math.random() * USERS)] ?? '';
        const least = acknowledged.get(user) ?? 0;
        const found = await processes[at % 2]?.find(user);
        reads++;
        if ((found?.version ?? -1) < least) stale++;
        await setTimeout(Math.random() * 2);
      }
    };
    const lose = async () => {
      while (writing) {
        if (Math.random() < 0.2) await caches().flush();
        else await caches().expire(users[Math.floor(Math.random() * USERS)] ?? '');
        await setTimeout(Math.random() * 10);
      }
    };
    const others = [...Array.from({ length: 12 }, (_, at) => read(at)), lose()];
    await Promise.all(Array.from({ length: 2 * USERS }, (_, at) => write(at)));
    writing = false;
    await Promise.all(others);

    const truth = store.process().baskets;
    const stuck: string[] = [];
    for (const user of users)
      for (const process of processes)
        if ((await process.find(user)).json?.toString() !== (await truth.find(user)).json?.toString()) stuck.push(user);
    await expectReplayEqualsProjection(store.source);
    return { reads, stale, stuck };
  }

  it('show every write that was acknowledged before them', async () => {
    const { reads, stale, stuck } = await run(() => caches().connect());
    figure(
      'no stale read',
      `${count(reads)} reads among writes, expiries and FLUSHALL, ${stale} stale, ${stuck.length} keys stuck`,
    );
    expect({ stale, stuck }).toEqual({ stale: 0, stuck: [] });
  });

  it.each([
    ['fills and invalidates', Naive],
    ['looks at versions alone', NewerOnly],
  ])('show old baskets with a cache that %s, which shows that this run would tell', async (_, Cache) => {
    const read = await caches().connect();
    const { reads, stale } = await run(
      () => Promise.resolve(new Cache(caches(), read)),
      (found) => !isLong && found > 0,
    );
    figure('no stale read (control: a cache without leases)', `${stale} of ${count(reads)} reads stale`);
    expect(stale).toBeGreaterThan(0);
  });
});
