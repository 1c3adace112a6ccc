import type { EventStore } from '../../src/event-store/event-store.js';
import { someUser } from '../support/app.js';
import { NOTEBOOK, PENCIL } from '../support/given.js';
import { RULER, shopping } from '../support/merging.js';
import type { Shopping } from '../support/merging.js';
import { eventStore } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';
import { openStore } from '../support/stream-store.js';
import type { Store } from '../support/stream-store.js';

const AT_ONCE = 8;

/** A process that comes to a halt when it is about to decide on this user's basket, until it is let go on. */
function halting(process: StoreProcess, userName: string) {
  const reached = Promise.withResolvers<undefined>();
  const released = Promise.withResolvers<undefined>();
  const { baskets } = process;
  const update = baskets.update.bind(baskets);
  baskets.update = async (name, decide, options) => {
    if (name === userName) {
      reached.resolve(undefined);
      await released.promise;
    }
    return await update(name, decide, options);
  };
  return { ...process, reached: reached.promise, goOn: () => released.resolve(undefined) };
}

/** Appends without the ids of their causes. */
function forgetful(events: EventStore): EventStore {
  const append = events.append.bind(events);
  events.append = ({ changes, ...rest }, ...others) =>
    append({ ...rest, changes: changes.map(({ causationId: _, ...anonymous }) => anonymous) }, ...others);
  return events;
}

describe('merges at the same time', () => {
  let store: Store;
  let shop: Shopping;
  /** Merges take turns on them. */
  let processes: StoreProcess[];

  beforeAll(async () => {
    store = await openStore();
    shop = shopping(store);
    processes = [store.process(), store.process()];
  });
  afterAll(() => store[Symbol.asyncDispose]());

  const one = (at: number) => processes[at % 2] ?? store;
  const mergesOf = async (userName: string) =>
    (await store.eventsOf(userName)).filter(({ type }) => type === 'BasketsMerged').length;

  it('of one guest into one user take its lines once', async () => {
    for (let round = 0; round < 5; round++) {
      const names = await shop.twoBaskets();
      const results = await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => shop.merge(names, { on: one(at) })));
      expect(await shop.contents(names)).toStrictEqual({ user: { 'Field notebook': 3, Pencil: 3 }, guest: {} });
      expect(await mergesOf(names.user)).toBe(1);
      const [first, ...others] = results.map(({ basket, report }) => ({ version: basket.version, report }));
      expect(first?.report.map(({ outcome }) => outcome)).toStrictEqual(['merged', 'added']);
      for (const other of others) expect(other).toStrictEqual(first);
    }
  });

  it('of several guests into one user all take effect', async () => {
    const user = someUser('user');
    const guests = Array.from({ length: AT_ONCE }, () => someUser('guest'));
    for (const guest of guests) await shop.add(guest, PENCIL);
    await Promise.all(guests.map((guest, at) => shop.merge({ user, guest }, { on: one(at) })));
    expect(await shop.contentsOf(user)).toStrictEqual({ Pencil: 3 * AT_ONCE });
    for (const guest of guests) expect(await shop.contentsOf(guest)).toStrictEqual({});
  });

  it('of a guest who goes on shopping lose no piece and double none', async () => {
    const names = { user: someUser('user'), guest: someUser('guest') };
    await shop.add(names.guest, { ...PENCIL, quantity: 1 });
    const adding = Array.from({ length: 30 }, () => () => shop.add(names.guest, { ...PENCIL, quantity: 1 }));
    const shopAlone = async () => {
      for (const add of adding) await add();
    };
    const mergeAgain = async (_: unknown, at: number) => {
      for (let times = 0; times < 6; times++) await shop.merge(names, { on: one(at) });
    };
    await Promise.all([shopAlone(), ...Array.from({ length: 3 }, mergeAgain)]);
    const { user = {}, guest = {} } = await shop.contents(names);
    expect((user.Pencil ?? 0) + (guest.Pencil ?? 0)).toBe(31);
    await shop.merge(names);
    expect(await shop.contents(names)).toStrictEqual({ user: { Pencil: 31 }, guest: {} });
  });

  /** One merge has seen the guest's basket; before it is stored the guest adds a ruler and another merge takes both. */
  async function overtaken(eventsOf = eventStore) {
    const names = { user: someUser('user'), guest: someUser('guest') };
    await shop.add(names.guest, PENCIL);
    const slow = halting(store.process(eventsOf), names.user);
    const merging = shop.merge(names, { on: slow });
    await slow.reached;
    await shop.add(names.guest, RULER);
    await shop.merge(names);
    slow.goOn();
    return { names, result: await merging };
  }

  it('take a line once when one has seen an older basket of the guest than the other', async () => {
    const { names, result } = await overtaken();
    expect(await shop.contents(names)).toStrictEqual({ user: { Pencil: 3, Ruler: 3 }, guest: {} });
    expect(result).toMatchObject({ basket: { version: 2 }, replayed: false });
    expect(result.report.map(({ quantity }) => quantity)).toStrictEqual([3, 3]);
  });

  it('take it twice without the number of the merge, which shows that this race is one', async () => {
    const { names } = await overtaken((database) => forgetful(eventStore(database)));
    expect(await shop.contents(names)).toMatchObject({ user: { Pencil: 6, Ruler: 3 } });
  });

  it('of one guest into two users give both the lines, and leave the guest what came since', async () => {
    const [guest, first, second] = [someUser('guest'), someUser('user'), someUser('user')];
    await shop.add(guest, NOTEBOOK);
    await shop.add(guest, PENCIL);
    const slow = halting(store.process(), second);
    const merging = shop.merge({ user: second, guest }, { on: slow });
    await slow.reached;
    await shop.add(guest, { ...PENCIL, quantity: 4 });
    const early = halting(store.process(), guest);
    slow.goOn();
    await merging;
    expect(await shop.contents({ user: second, guest })).toStrictEqual({
      user: { 'Field notebook': 2, Pencil: 3 },
      guest: { Pencil: 4 },
    });
    early.goOn();
    await shop.merge({ user: first, guest }, { on: early });
    expect(await shop.contents({ user: first, guest })).toStrictEqual({ user: { Pencil: 4 }, guest: {} });
  });

  it('of one guest into two users that have both seen the lines take them out once', async () => {
    const [guest, first, second] = [someUser('guest'), someUser('user'), someUser('user')];
    await shop.add(guest, PENCIL);
    const slow = [first, second].map((user) => halting(store.process(), user));
    const merging = [first, second].map((user, at) => shop.merge({ user, guest }, slow[at] && { on: slow[at] }));
    await Promise.all(slow.map(({ reached }) => reached));
    await shop.add(guest, { ...PENCIL, quantity: 4 });
    slow.forEach(({ goOn }) => goOn());
    await Promise.all(merging);
    expect(await shop.contentsOf(first)).toStrictEqual({ Pencil: 3 });
    expect(await shop.contentsOf(second)).toStrictEqual({ Pencil: 3 });
    expect(await shop.contentsOf(guest)).toStrictEqual({ Pencil: 4 });
    await shop.relay(first);
    await shop.relay(second);
    expect(await shop.contentsOf(guest)).toStrictEqual({ Pencil: 4 });
  });

  it('of two users into each other lose nothing and come to an end', async () => {
    for (let round = 0; round < 5; round++) {
      const names = { user: someUser('one'), guest: someUser('other') };
      await shop.add(names.user, PENCIL);
      await shop.add(names.guest, RULER);
      await Promise.all([
        shop.merge(names, { on: one(0) }),
        shop.merge({ user: names.guest, guest: names.user }, { on: one(1) }),
      ]);
      const { user = {}, guest = {} } = await shop.contents(names);
      for (const product of ['Pencil', 'Ruler']) expect((user[product] ?? 0) + (guest[product] ?? 0)).toBe(3);
    }
  });
});
