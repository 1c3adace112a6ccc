import { jest } from '@jest/globals';
import { BasketRepository } from '../../src/basket/basket.repository.js';
import type { BasketDocument, BasketUpdate, UpdateOptions } from '../../src/basket/basket.repository.js';
import { AddItem, AddItemHandler } from '../../src/basket/commands/add-item.js';
import { clear, remove } from '../../src/basket/domain/decisions.js';
import type { Decide } from '../../src/basket/domain/decisions.js';
import { CachedBasketRepository } from '../../src/basket/persistence/cached-basket.repository.js';
import { GetBasket, GetBasketHandler } from '../../src/basket/queries/get-basket.js';
import { someUser } from '../support/app.js';
import { describeCaches } from '../support/caches.js';
import { adding, limits, someItem } from '../support/items.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { TestStore } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';

/** Reads that have their answer and do not get it before the gate opens. */
class HeldReads extends BasketRepository {
  readonly haveRead = Promise.withResolvers<BasketDocument>();
  readonly gate = Promise.withResolvers<undefined>();

  constructor(private readonly inner: BasketRepository) {
    super();
  }

  async find(userName: string): Promise<BasketDocument> {
    const found = await this.inner.find(userName);
    this.haveRead.resolve(found);
    await this.gate.promise;
    return found;
  }

  update(userName: string, decide: Decide, options?: UpdateOptions): Promise<BasketUpdate> {
    return this.inner.update(userName, decide, options);
  }
}

describeCaches('The cached repository', (caches) => {
  let store: TestStore;
  let one: StoreProcess;
  let other: StoreProcess;
  let ours: BasketRepository;
  let theirs: BasketRepository;
  let user: string;

  beforeAll(async () => {
    store = await TestStore.open();
    [one, other] = [store.process(), store.process()];
    ours = new CachedBasketRepository(one.baskets, await caches().connect());
    theirs = new CachedBasketRepository(other.baskets, await caches().connect());
  });
  afterAll(async () => {
    expect(await expectReplayEqualsProjection(store.source)).toBeGreaterThan(0);
    await store[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    user = someUser();
  });

  const text = ({ version, json }: BasketDocument) => ({ version, json: json?.toString() });
  const stored = async () => text(await one.baskets.find(user));

  /** How many statements went to the database meanwhile. */
  const statements = async ({ database }: StoreProcess, work: () => Promise<unknown>): Promise<number> => {
    const spy = jest.spyOn(database, 'query');
    try {
      await work();
      return spy.mock.calls.length;
    } finally {
      spy.mockRestore();
    }
  };

  it('reads a basket from the database once, and answers as it did', async () => {
    await one.baskets.update(user, adding(someItem()));
    const first = text(await ours.find(user));
    expect(first).toEqual(await stored());
    expect(await statements(one, () => ours.find(user))).toBe(0);
    expect(await statements(other, () => theirs.find(user))).toBe(0);
    expect(text(await theirs.find(user))).toEqual(first);
  });

  it('asks the database once for a user without a basket, and whether it was erased, and sees the basket once there is one', async () => {
    expect(await statements(one, () => ours.find(user))).toBe(2);
    expect(await statements(one, () => ours.find(user))).toBe(0);
    await expect(new GetBasketHandler(ours).execute(new GetBasket(user))).rejects.toMatchObject({
      code: 'basket-not-found',
    });
    await theirs.update(user, adding(someItem()));
    expect(await statements(one, async () => expect(text(await ours.find(user))).toEqual(await stored()))).toBe(1);
  });

  it('has what was written in the cache, in the place of what was read before', async () => {
    await ours.update(user, adding(someItem()));
    expect((await ours.find(user)).version).toBe(2);
    await theirs.update(user, adding(someItem()));
    expect(await statements(other, async () => expect((await theirs.find(user)).version).toBe(3))).toBe(0);
    await theirs.update(user, remove);
    expect(await statements(one, async () => expect((await ours.find(user)).json).toBeUndefined())).toBe(0);
  });

  it('writes in two round trips, whatever is in the cache: one reads, one writes', async () => {
    await ours.update(user, adding(someItem()));
    expect(await statements(other, () => theirs.update(user, adding(someItem())))).toBe(2);
    await ours.find(user);
    expect(await statements(one, () => ours.update(user, clear))).toBe(2);
  });

  it('has the stored basket in the cache after a write that changed nothing', async () => {
    await one.baskets.update(user, adding(someItem()));
    await ours.find(user);
    await one.baskets.update(user, clear);
    await theirs.update(user, clear);
    expect((await ours.find(user)).version).toBe(3);
  });

  describe('when a read is held up between the database and the cache', () => {
    let reads: HeldReads;
    let found: Promise<BasketDocument>;

    const readAt = async (version: number) => {
      reads = new HeldReads(one.baskets);
      found = new CachedBasketRepository(reads, await caches().connect()).find(user);
      expect((await reads.haveRead.promise).version).toBe(version);
    };
    const letGo = async (version: number) => {
      reads.gate.resolve(undefined);
      expect((await found).version).toBe(version);
    };
    const expectFresh = async () => {
      expect(text(await ours.find(user))).toEqual(await stored());
      expect(text(await theirs.find(user))).toEqual(await stored());
    };

    beforeEach(async () => {
      await one.baskets.update(user, adding(someItem()));
      await readAt(2);
    });

    it('does not hide a write', async () => {
      await theirs.update(user, adding(someItem()));
      await letGo(2);
      await expectFresh();
    });

    it('does not hide a write that the writer or another reader has cached', async () => {
      await theirs.update(user, adding(someItem()));
      await theirs.find(user);
      await theirs.update(user, adding(someItem()));
      await letGo(2);
      await expectFresh();
    });

    it('does not bring a deleted basket back', async () => {
      await theirs.update(user, remove);
      await theirs.find(user);
      await letGo(2);
      expect((await ours.find(user)).json).toBeUndefined();
      await expectFresh();
    });

    it.each([
      ['expired', () => caches().expire(user)],
      ['was flushed', () => caches().flush()],
    ])('does not hide a write whose cached basket %s', async (_, lose) => {
      await theirs.update(user, adding(someItem()));
      await theirs.find(user);
      await lose();
      await letGo(2);
      await expectFresh();
    });

    it('does not hide a write that came before its own lease expired and another reader took the next', async () => {
      await caches().expire(user);
      await theirs.update(user, adding(someItem()));
      await letGo(2);
      await expectFresh();
    });

    it('keeps no basket from before that no write followed, and the one it read otherwise', async () => {
      await letGo(2);
      expect(await statements(other, () => theirs.find(user))).toBe(0);
    });
  });

  it('sends the concurrent misses of one user to the database in two statements at most', async () => {
    await one.baskets.update(user, adding(someItem()));
    const misses = () => Promise.all(Array.from({ length: 100 }, () => one.baskets.find(user)));
    expect(await statements(one, misses)).toBeLessThanOrEqual(2);
    const cachedMisses = () => Promise.all(Array.from({ length: 100 }, () => ours.find(user)));
    expect(await statements(one, cachedMisses)).toBeLessThanOrEqual(4);
  });

  it('sends the concurrent misses of many users to the database in few statements', async () => {
    const users = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const { after } = await other.baskets.update(someUser(), adding(someItem()));
        return after.userName;
      }),
    );
    const found: BasketDocument[] = [];
    const misses = async () => {
      found.push(...(await Promise.all([...users, someUser()].map((name) => one.baskets.find(name)))));
    };
    expect(await statements(one, misses)).toBeLessThanOrEqual(5);
    const names = found
      .slice(0, -1)
      .map(({ json = '{}' }) => (JSON.parse(json.toString()) as { userName: string }).userName);
    expect(names).toEqual(users);
    expect(found.at(-1)).toEqual({ version: 0, json: undefined });
    const cachedMisses = () => Promise.all(users.map((name) => ours.find(name)));
    expect(await statements(one, cachedMisses)).toBeLessThanOrEqual(20);
  });

  it('answers a read that begins after a write with that write, whatever is under way', async () => {
    const handler = new AddItemHandler(one.baskets, limits);
    for (let round = 0; round < 20; round++) {
      const reads = Array.from({ length: 10 }, () => one.baskets.find(user));
      const { basket } = await handler.execute(new AddItem(user, someItem()));
      expect((await one.baskets.find(user)).version).toBe(basket.version);
      await Promise.all(reads);
    }
  });
});
