import { at } from '../../test/support/at.js';
import { ALICE, NOTEBOOK, PENCIL, itemAdded } from '../../test/support/given.js';
import { adding } from '../../test/support/items.js';
import { MemoryStreams } from '../../test/support/memory-streams.js';
import type { BasketErrorCode } from './domain/basket.errors.js';
import { noBasket } from './domain/basket.js';
import { remove } from './domain/decisions.js';

const addNotebook = adding({ ...NOTEBOOK, currency: 'EUR' });
const addPencil = adding({ ...PENCIL, currency: 'EUR' });
const addPencils = (times: number) => () => Array.from({ length: times }, () => itemAdded(PENCIL));
const refusal = (code: BasketErrorCode, message: string) => expect.objectContaining({ code, message }) as Error;

function living() {
  const asked: string[] = [];
  const streams = new MemoryStreams((what, happen) => {
    asked.push(what);
    return Promise.resolve(happen());
  });
  return { streams, asked, ...streams.process() };
}

describe('A basket as it was', () => {
  it('is folded from the events up to then', async () => {
    const { baskets, history } = living();
    const updates = [];
    for (const by of [addNotebook, addPencil, remove, addPencil]) updates.push(await baskets.update(ALICE, by));
    for (const { after } of updates) expect(await history.asOf(ALICE, after.version)).toStrictEqual(after);
  });

  it('is none at version 0, which needs no look', async () => {
    const { history, asked } = living();
    expect(await history.asOf(ALICE, 0)).toStrictEqual(noBasket(ALICE));
    expect(asked).toEqual([]);
  });

  it('is folded from the snapshot before, also where that one is of a closed basket', async () => {
    const { baskets, history } = living();
    await baskets.update(ALICE, addNotebook);
    await baskets.update(ALICE, addPencils(97));
    await baskets.update(ALICE, remove);
    const { after } = await baskets.update(ALICE, addNotebook);
    await baskets.update(ALICE, addPencils(99));
    expect(await history.asOf(ALICE, 100)).toStrictEqual({ status: 'deleted', userName: ALICE, version: 100 });
    expect(await history.asOf(ALICE, 102)).toStrictEqual(after);
    expect(await history.asOf(ALICE, 201)).toMatchObject({ version: 201, lines: [NOTEBOOK, { quantity: 99 * 3 }] });
  });

  it.each([1, 3, 7])('is refused at version %i where there is only version 2', async (version) => {
    const { streams, baskets, history } = living();
    const { after } = await baskets.update(ALICE, addNotebook);
    if (version === 1) streams.erased.set('bob', 2);
    const userName = version === 1 ? 'bob' : ALICE;
    expect(after.version).toBe(2);
    await expect(history.asOf(userName, version)).rejects.toThrow(
      refusal('version-not-found', `The basket of ${userName} has no version ${version}.`),
    );
  });
});

describe('A basket at a time', () => {
  const nine = '2026-11-23T09:00:00.000Z';
  const ten = '2026-11-23T10:00:00.000Z';

  async function twoHours() {
    const world = living();
    const first = await at(nine, () => world.baskets.update(ALICE, addNotebook));
    const second = await at(ten, () => world.baskets.update(ALICE, addPencil));
    const basketAt = (time: string) => world.history.at(ALICE, new Date(time));
    return { first: first.after, second: second.after, basketAt };
  }

  it('has what happened until then', async () => {
    const { first, second, basketAt } = await twoHours();
    expect(await basketAt(nine)).toStrictEqual(first);
    expect(await basketAt('2026-11-23T09:59:59.999Z')).toStrictEqual(first);
    expect(await basketAt(ten)).toStrictEqual(second);
  });

  it('is refused for a time before the first', async () => {
    const { basketAt } = await twoHours();
    await expect(basketAt('2026-11-23T08:59:59.999Z')).rejects.toThrow(
      refusal('version-not-found', 'alice had no basket at 2026-11-23T08:59:59.999Z.'),
    );
  });
});

describe('What an append did', () => {
  const command = { id: 'key', fingerprint: 'print' };

  it('is found by either of its ids: the basket before and after it, and its events alone', async () => {
    const { baskets, history } = living();
    await baskets.update(ALICE, addPencil);
    await baskets.update(ALICE, remove);
    const { before, after } = await baskets.update(ALICE, addNotebook, { command, causationId: 'cause' });
    await baskets.update(ALICE, addPencil);
    for (const identity of [{ commandId: 'key' }, { causationId: 'cause' }]) {
      const found = await history.findAppend(ALICE, identity);
      expect(found).toMatchObject({ first: { version: 4 }, before, after });
      expect(found?.events.map(({ type, version }) => ({ type, version }))).toEqual([
        { type: 'BasketCreated', version: 4 },
        { type: 'BasketItemAdded', version: 5 },
      ]);
    }
    expect(await history.findAppend(ALICE, { commandId: 'another' })).toBeUndefined();
  });

  it('is one event where nothing tells how many they are', async () => {
    const { streams, baskets, history } = living();
    for (const by of [addNotebook, addPencil]) await baskets.update(ALICE, by, { command });
    for (const event of streams.eventsOf(ALICE)) Object.assign(event, { metadata: {} });
    expect((await history.findAppend(ALICE, { commandId: 'key' }))?.events).toHaveLength(1);
  });

  it('began with none where the user was erased before', async () => {
    const { streams, baskets, history } = living();
    streams.erased.set(ALICE, 8);
    await baskets.update(ALICE, addNotebook, { command });
    await baskets.update(ALICE, addPencil, { causationId: 'cause' });
    expect(await history.findAppend(ALICE, { commandId: 'key' })).toMatchObject({
      before: { status: 'none', version: 8 },
      after: { status: 'active', version: 10 },
    });
    // Where it is not the first one, the events before it should be there.
    await expect(history.findAppend(ALICE, { causationId: 'cause' })).resolves.toMatchObject({
      before: { version: 10 },
    });
  });

  it('is not made up where events before it are missing', async () => {
    const { streams, baskets, history } = living();
    for (const by of [addNotebook, addPencil]) await baskets.update(ALICE, by);
    await baskets.update(ALICE, addPencil, { command });
    (streams.eventsOf(ALICE) as unknown[]).splice(1, 1);
    await expect(history.findAppend(ALICE, { commandId: 'key' })).resolves.toMatchObject({ before: { version: 3 } });
    (streams.eventsOf(ALICE) as unknown[]).splice(1, 1);
    await expect(history.findAppend(ALICE, { commandId: 'key' })).rejects.toThrow(
      refusal('version-not-found', 'The basket of alice has no version 3.'),
    );
  });
});

describe('The events behind a version', () => {
  it('tell what in another stream brought them about, each event of an append', async () => {
    const { baskets, history } = living();
    await baskets.update(ALICE, addNotebook, { causationId: 'cause' });
    await baskets.update(ALICE, addPencil);
    const events = await history.eventsAfter(ALICE, 1, 10);
    expect(events).toMatchObject([
      { ...itemAdded(NOTEBOOK), version: 2, causationId: 'cause' },
      { ...itemAdded(PENCIL), version: 3 },
    ]);
    expect(events[1]?.causationId).toBeUndefined();
    expect(await history.eventsAfter(ALICE, 1, 1)).toHaveLength(1);
    expect(await history.page(ALICE, 0, 10)).toMatchObject([{ version: 1 }, { version: 2 }, { version: 3 }]);
  });
});

describe('The last cause of its kind', () => {
  it('is that of the newest append whose cause starts so', async () => {
    const { baskets, history } = living();
    for (const causationId of ['basket:1#1', 'basket:1#2', 'basket:2#1'])
      await baskets.update(ALICE, addPencil, { causationId });
    expect(await history.lastCause(ALICE, 'basket:1#')).toBe('basket:1#2');
    expect(await history.lastCause(ALICE, 'basket:3#')).toBeUndefined();
  });
});
