import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { AbandonIdleBaskets } from '../../src/basket/abandon-idle-baskets.js';
import { fromDocument } from '../../src/basket/basket-document.js';
import { IdleBaskets } from '../../src/basket/persistence/idle-baskets.js';
import { checkOut } from '../../src/basket/domain/checkout.js';
import { clear, remove, updateQuantity } from '../../src/basket/domain/decisions.js';
import type { Decide } from '../../src/basket/domain/decisions.js';
import type { Database } from '../../src/database/database.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { someUser } from '../support/app.js';
import { at } from '../support/at.js';
import { adding, limits, productsOf, someItem } from '../support/items.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { StartingLine } from '../support/starting-line.js';
import { TestStore, eventStore, soon } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';
import { unguarded } from '../support/unguarded-store.js';

const NOW = '2026-11-23T12:30:00.000Z';
const LAST_WEEK = '2026-11-16T09:15:02.113Z';
const AN_HOUR_AGO = '2026-11-23T11:29:00.000Z';
const AFTER_HOURS = 24;

const jobOf = ({ database, baskets }: Pick<StoreProcess, 'database' | 'baskets'>) =>
  new AbandonIdleBaskets(new IdleBaskets(database), baskets, AFTER_HOURS, () => Date.parse(NOW));
const forever = new AbortController().signal;

describe('Idle baskets', () => {
  let store: TestStore;
  let one: StoreProcess;
  let other: StoreProcess;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    store = await TestStore.open();
    one = store.process();
    other = store.process();
  });
  afterEach(() => store[Symbol.asyncDispose]());

  const shop = async (time: string, user: string, ...decisions: Decide[]) => {
    await at(time, async () => {
      for (const by of decisions) await one.baskets.update(user, by);
    });
    return user;
  };
  const someUsers = async (count: number) => {
    const users = Array.from({ length: count }, () => someUser());
    await at(LAST_WEEK, () => Promise.all(users.map((user) => one.baskets.update(user, adding(someItem())))));
    return users;
  };
  const eventsOf = (user: string) => one.events.read(user, 0, 100, soon());
  const typesOf = async (user: string) => (await eventsOf(user)).map(({ type }) => type);
  const basketOf = async (user: string) => fromDocument(user, await other.baskets.find(user));

  it('are abandoned with the time of their last change, through the outbox', async () => {
    const user = await shop(LAST_WEEK, someUser(), adding(someItem()));
    const before = await basketOf(user);
    await jobOf(one).run(forever);
    expect((await eventsOf(user)).at(-1)).toMatchObject({
      type: 'BasketAbandoned',
      version: 3,
      data: { lastActivityAt: LAST_WEEK },
    });
    expect(await basketOf(user)).toEqual({ ...before, status: 'abandoned', version: 3 });
    expect(await store.query('SELECT version FROM outbox WHERE user_name = $1 ORDER BY 1', [user])).toEqual([
      { version: 1 },
      { version: 2 },
      { version: 3 },
    ]);
    await expectReplayEqualsProjection(store.source);
  });

  it('are those that have something in them and were not changed for the whole time', async () => {
    const add = adding(someItem());
    const checkedOut: Decide = (basket) => checkOut(basket, basket.version);
    const idle = [
      await shop(LAST_WEEK, someUser('idle'), add),
      await shop('2026-11-22T12:30:00.000Z', someUser('to-the-millisecond'), add),
      await shop(LAST_WEEK, await shop('2026-11-01T00:00:00.000Z', someUser('opened-again'), add, remove), add),
    ];
    const others = [
      await shop(AN_HOUR_AGO, someUser('recent'), add),
      await shop('2026-11-22T12:30:00.001Z', someUser('a-millisecond-less'), add),
      await shop(AN_HOUR_AGO, await shop(LAST_WEEK, someUser('changed'), add), adding(someItem())),
      await shop(LAST_WEEK, someUser('empty'), add, clear),
      await shop(LAST_WEEK, someUser('deleted'), add, remove),
      await shop(LAST_WEEK, someUser('checked-out'), add, checkedOut),
    ];
    const spy = jest.spyOn(one.baskets, 'update');
    await jobOf(one).run(forever);
    expect(spy.mock.calls.map(([user]) => user).sort()).toEqual(idle.toSorted());
    const abandoned = await store.query("SELECT user_name FROM domain_events WHERE event_type = 'BasketAbandoned'");
    expect(abandoned.map(({ user_name }) => user_name).sort()).toEqual(idle.toSorted());
    expect(await store.query('SELECT user_name FROM basket_projections')).toHaveLength(idle.length + others.length);
    await expectReplayEqualsProjection(store.source);
  });

  it('are active again with the next change, in the same append, and not with a look', async () => {
    const user = await shop(LAST_WEEK, someUser(), adding(someItem()));
    await jobOf(one).run(forever);
    expect((await basketOf(user)).status).toBe('abandoned');
    const { after } = await other.baskets.update(user, adding(someItem()));
    expect(after).toMatchObject({ status: 'active', version: 5 });
    expect((await eventsOf(user)).slice(3)).toMatchObject([
      { type: 'BasketReactivated', data: {}, metadata: { appended: 2 } },
      { type: 'BasketItemAdded', metadata: { appended: 2 } },
    ]);
    await jobOf(one).run(forever);
    expect((await basketOf(user)).version).toBe(5);
    await expectReplayEqualsProjection(store.source);
  });

  it('are abandoned again when the shopper who came back leaves once more', async () => {
    const user = await shop(LAST_WEEK, someUser(), adding(someItem()));
    await jobOf(one).run(forever);
    await shop('2026-11-20T00:00:00.000Z', user, adding(someItem()));
    await jobOf(one).run(forever);
    expect(await typesOf(user)).toEqual([
      'BasketCreated',
      'BasketItemAdded',
      'BasketAbandoned',
      'BasketReactivated',
      'BasketItemAdded',
      'BasketAbandoned',
    ]);
    expect((await eventsOf(user)).at(-1)?.data).toEqual({ lastActivityAt: '2026-11-20T00:00:00.000Z' });
  });

  it('are done in batches, and by the next run where one was cut short', async () => {
    const users = await someUsers(250);
    const stopped = new AbortController();
    const spy = jest.spyOn(one.database, 'query');
    stopped.abort();
    await jobOf(one).run(stopped.signal);
    const abandoned = async () => (await Promise.all(users.map(typesOf))).filter((types) => types.length === 3).length;
    expect(await abandoned()).toBe(100);
    await jobOf(one).run(forever);
    expect(await abandoned()).toBe(250);
    const batches = spy.mock.calls.filter(([{ name }]) => name === 'baskets-in-use-since');
    expect(batches.map(([, values]) => values.at(-1))).toEqual([100, 100, 100]);
  });

  it('are abandoned once, however many processes are at it', async () => {
    const users = await someUsers(250);
    await Promise.all([jobOf(one).run(forever), jobOf(other).run(forever), jobOf(store.process()).run(forever)]);
    const once = ['BasketCreated', 'BasketItemAdded', 'BasketAbandoned'];
    expect(await Promise.all(users.map(typesOf))).toEqual(users.map(() => once));
    await expectReplayEqualsProjection(store.source);
  });

  it('do not wait for one that cannot be read, which is told', async () => {
    const [broken = '', ...users] = await someUsers(110);
    await store.query("UPDATE basket_projections SET basket = '{}' WHERE user_name = $1", [broken]);
    await expect(jobOf(one).run(forever)).rejects.toThrow(TypeError);
    expect((await Promise.all(users.map(typesOf))).every((types) => types.length === 3)).toBe(true);
    expect(await typesOf(broken)).toHaveLength(2);
  });

  describe('that their shoppers come back to at that moment', () => {
    /** A writer and the sweep, each in a process of its own, have decided on the same version when they append. */
    const race = async (events: (database: Database) => EventStore) => {
      const item = someItem();
      const user = await shop(LAST_WEEK, someUser(), adding(item));
      const line = new StartingLine(2);
      const start = () => store.process((database) => line.hold(events(database)));
      const [writer, sweep] = [start(), start()];
      const added = someItem();
      const [{ after }] = await Promise.all([writer.baskets.update(user, adding(added)), jobOf(sweep).run(forever)]);
      return { user, products: [item.productId, added.productId], version: after.version, outcomes: line.outcomes };
    };

    it('lose nothing: whoever was slower decides again', async () => {
      for (let round = 0; round < 8; round++) {
        const { user, products, version, outcomes } = await race(eventStore);
        expect(outcomes.toSorted()).toEqual([false, true]);
        const basket = await basketOf(user);
        expect(productsOf(basket)).toEqual(products);
        expect(basket).toMatchObject({ status: 'active', version });
        const types = await typesOf(user);
        expect([
          ['BasketCreated', 'BasketItemAdded', 'BasketItemAdded'],
          ['BasketCreated', 'BasketItemAdded', 'BasketAbandoned', 'BasketReactivated', 'BasketItemAdded'],
        ]).toContainEqual(types);
      }
      await expectReplayEqualsProjection(store.source);
    });

    it('would lose something without the guard of the version and the keys', async () => {
      for (const table of ['domain_events', 'outbox'])
        await store.query(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`);
      await race(unguarded);
      await expect(expectReplayEqualsProjection(store.source)).rejects.toThrow();
    });

    it('are skipped when their shoppers are too fast for the sweep', async () => {
      const user = await shop(LAST_WEEK, someUser(), adding(someItem()));
      one.events.append = () => Promise.resolve(false);
      const sleepless = jest.spyOn(Math, 'random').mockReturnValue(0);
      await jobOf(one).run(forever);
      sleepless.mockRestore();
      expect(await typesOf(user)).toHaveLength(2);
    });
  });

  it('keep the version that a caller demands, and stay abandoned when it asks for what is there', async () => {
    const item = someItem();
    const user = await shop(LAST_WEEK, someUser(), adding(item));
    await jobOf(one).run(forever);
    const setTo =
      (quantity: number): Decide =>
      (basket) =>
        updateQuantity(basket, { ...item, quantity }, limits);
    const same = await other.baskets.update(user, setTo(1), { precondition: { match: [3] } });
    expect(same.after).toMatchObject({ status: 'abandoned', version: 3 });
    const { after } = await other.baskets.update(user, setTo(2), { precondition: { match: [3] } });
    expect(after).toMatchObject({ status: 'active', version: 5 });
  });
});
