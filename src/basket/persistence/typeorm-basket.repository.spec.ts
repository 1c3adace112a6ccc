import { at } from '../../../test/support/at.js';
import { ALICE, NOTEBOOK, created, itemAdded } from '../../../test/support/given.js';
import {
  addNotebook,
  addPencil,
  addPencils,
  nothing,
  storing,
  typesOf,
  withoutWaiting,
} from '../../../test/support/storing.js';
import { DatabaseUnavailableError } from '../../database/database.js';
import { requestContext } from '../../request-context.js';
import { toDocument } from '../basket-document.js';
import { remove } from '../domain/decisions.js';

withoutWaiting();

describe('A basket that is looked for', () => {
  it('is what was stored last', async () => {
    const { baskets } = storing();
    const { after, document } = await baskets.update(ALICE, addNotebook);
    expect(document).toStrictEqual(toDocument(after));
    expect(await baskets.find(ALICE)).toStrictEqual(document);
  });

  it('is none, at version 0, of a user who never had one', async () =>
    expect(await storing().baskets.find(ALICE)).toStrictEqual({ version: 0, json: undefined }));

  it('is none, at the version of the erasure, of a user who was erased', async () => {
    const { streams, baskets } = storing();
    streams.erased.set(ALICE, 8);
    expect(await baskets.find(ALICE)).toStrictEqual({ version: 8, json: undefined });
  });

  it('is looked for among the erased only where it is not among the others', async () => {
    const { streams, baskets } = storing();
    await baskets.update(ALICE, addNotebook);
    streams.soughtAmongErased.length = 0;
    await Promise.all([baskets.find(ALICE), baskets.find('bob')]);
    expect(streams.soughtAmongErased).toEqual([['bob']]);
    await baskets.find(ALICE);
    expect(streams.soughtAmongErased).toEqual([['bob']]);
  });
});

describe('An update', () => {
  it('appends what was decided, at the versions that follow, as of one moment', async () => {
    const { streams, baskets } = storing();
    const update = await at('2026-11-23T09:45:00.000Z', () => baskets.update(ALICE, addNotebook));
    const stored = streams.eventsOf(ALICE);
    const { basketId = '' } = stored[0] ?? {};
    expect(stored).toMatchObject([
      { ...created('EUR', basketId), version: 1, basketId, occurredAt: '2026-11-23T09:45:00.000Z' },
      { ...itemAdded(NOTEBOOK), version: 2, basketId, occurredAt: '2026-11-23T09:45:00.000Z' },
    ]);
    expect(new Set(stored.map(({ eventId }) => eventId)).size).toBe(2);
    expect(update).toMatchObject({ before: { status: 'none' }, after: { basketId, version: 2 }, replayed: false });
    expect(update.events).toMatchObject([{ version: 1 }, { version: 2 }]);
  });

  it('writes the row with them: the basket as it is then, the last event, and the figures', async () => {
    const { streams, baskets } = storing();
    const { document } = await at('2026-11-23T09:45:00.000Z', () => baskets.update(ALICE, addNotebook));
    const { basketId, eventId } = streams.eventsOf(ALICE)[1] ?? {};
    expect(streams.appends.map(({ expected, isNew, row }) => ({ expected, isNew, row }))).toStrictEqual([
      {
        expected: 0,
        isNew: true,
        row: [
          ...[basketId, 'active', 2, document.json, eventId, '2026-11-23T09:45:00.000Z'],
          ...['2026-11-23T09:00:00.000Z', 2, 2500],
        ],
      },
    ]);
  });

  it('names the last event in the row, however many there are', async () => {
    const { streams, baskets } = storing();
    for (const by of [addNotebook, addPencil, addPencils(3)]) await baskets.update(ALICE, by);
    const versionOf = new Map(streams.eventsOf(ALICE).map(({ eventId, version }) => [eventId, version]));
    expect(streams.appends.map(({ row }) => versionOf.get(row[4] as string))).toEqual([2, 3, 6]);
  });

  it('keeps the id of a basket that is open, and takes another one for the next', async () => {
    const { streams, baskets } = storing();
    for (const by of [addNotebook, addPencil, remove, addNotebook]) await baskets.update(ALICE, by);
    const ids = streams.eventsOf(ALICE).map(({ basketId }) => basketId);
    expect(ids.map((id) => ids.indexOf(id))).toEqual([0, 0, 0, 0, 4, 4]);
    expect(streams.appends.map(({ isNew }) => isNew)).toEqual([true, false, false, false]);
  });

  it('begins behind the version of an erasure', async () => {
    const { streams, baskets } = storing();
    streams.erased.set(ALICE, 8);
    expect(await baskets.update(ALICE, addNotebook)).toMatchObject({
      before: { status: 'none' },
      after: { version: 10 },
    });
    expect(streams.appends).toMatchObject([
      { expected: 8, isNew: true, changes: [{ events: [{ version: 9 }, { version: 10 }] }] },
    ]);
  });

  it('stores nothing when there is nothing to change', async () => {
    const { streams, baskets } = storing();
    const { after } = await baskets.update(ALICE, addNotebook);
    const update = await baskets.update(ALICE, nothing);
    expect(update).toEqual({ before: after, after, events: [], document: toDocument(after), replayed: false });
    expect(streams.appends).toHaveLength(1);
  });

  it('lets the times of a basket not run backwards when clocks differ', async () => {
    const { streams, baskets } = storing();
    const hours = ['10', '09', '11'] as const;
    for (const hour of hours) await at(`2026-11-23T${hour}:00:00.000Z`, () => baskets.update(ALICE, addNotebook));
    await at('2026-11-23T08:00:00.000Z', () => baskets.update(ALICE, remove));
    // Another basket knows no times of the one before.
    await at('2026-11-23T08:30:00.000Z', () => baskets.update(ALICE, addNotebook));
    const times = streams.eventsOf(ALICE).map(({ occurredAt }) => occurredAt.slice(11, 16));
    expect(times).toEqual(['10:00', '10:00', '10:00', '11:00', '11:00', '08:30', '08:30']);
  });

  it('takes a snapshot of each hundredth version, also of one that it only passes through', async () => {
    const { streams, baskets } = storing();
    await baskets.update(ALICE, addNotebook);
    const { events, before } = await baskets.update(ALICE, addPencils(200));
    expect(streams.appends.map(({ snapshots }) => snapshots.map(({ version }) => version))).toEqual([[], [100, 200]]);
    expect(events.length + before.version).toBe(202);
    const [hundredth, second] = streams.appends[1]?.snapshots ?? [];
    expect(JSON.parse(hundredth?.json ?? '')).toMatchObject({ version: 100, totalItems: 2 + 98 * 3 });
    expect(JSON.parse(second?.json ?? '')).toMatchObject({ version: 200, totalItems: 2 + 198 * 3 });
  });

  it('takes the snapshot of a closed basket as none', async () => {
    const { streams, baskets } = storing();
    await baskets.update(ALICE, (basket, id) => [created(), ...addPencils(98)(basket, id)]);
    await baskets.update(ALICE, remove);
    expect(streams.appends[1]?.snapshots).toEqual([{ version: 100, json: null }]);
  });

  it('tells with the events who asked for them, by what name, and how many they are', async () => {
    const { streams, baskets } = storing();
    const command = { id: 'key', fingerprint: 'print' };
    await requestContext.run({ requestId: 'r', actor: 'bob' }, () =>
      baskets.update(ALICE, addNotebook, { command, causationId: 'cause' }),
    );
    await baskets.update(ALICE, addPencil);
    const metadata = { requestId: 'r', actor: 'bob', fingerprint: 'print', causationId: 'cause', appended: 2 };
    expect(streams.eventsOf(ALICE)).toMatchObject([
      { commandId: 'key', causationId: 'cause', metadata },
      { commandId: null, causationId: null, metadata },
      { commandId: null, causationId: null, metadata: { appended: 1 } },
    ]);
    expect(streams.eventsOf(ALICE)[2]?.metadata).toEqual({ appended: 1 });
  });

  it('fails when it is not known whether it took effect', async () => {
    const { streams, baskets } = storing('answer lost', 'request lost');
    await expect(baskets.update(ALICE, addNotebook)).rejects.toThrow(DatabaseUnavailableError);
    await expect(baskets.update(ALICE, addPencil)).rejects.toThrow(DatabaseUnavailableError);
    expect(typesOf(streams)).toEqual(['BasketCreated', 'BasketItemAdded']);
  });
});
