import { jest } from '@jest/globals';
import { at } from '../../../test/support/at.js';
import { ALICE, NOTEBOOK, PENCIL, created, itemAdded } from '../../../test/support/given.js';
import { adding, limits } from '../../../test/support/items.js';
import { MemoryStreams } from '../../../test/support/memory-streams.js';
import type { Fate } from '../../../test/support/memory-streams.js';
import { DatabaseUnavailableError } from '../../database/database.js';
import { requestContext } from '../../request-context.js';
import { counts } from '../../telemetry/counts.js';
import { toDocument } from '../basket-document.js';
import type { UpdateOptions } from '../basket.repository.js';
import type { BasketErrorCode } from '../domain/basket.errors.js';
import { remove, removeItem, updateQuantity } from '../domain/decisions.js';
import type { Decide } from '../domain/decisions.js';

const addNotebook = adding({ ...NOTEBOOK, currency: 'EUR' });
const addPencil = adding({ ...PENCIL, currency: 'EUR' });
const nothing: Decide = () => [];
const addPencils =
  (times: number): Decide =>
  () =>
    Array.from({ length: times }, () => itemAdded(PENCIL));
const setPencil: Decide = (basket) => updateQuantity(basket, { ...PENCIL, quantity: 9 }, limits);

/**
 * Baskets of one process, with another one beside it.
 *
 * @param fates of the appends; they are done when these are used up
 */
function storing(...fates: Fate[]) {
  const moments: string[] = [];
  /** What the other one does right before the next appends of this one take effect, and after the next one has. */
  const meanwhile = { before: [] as (() => Promise<unknown>)[], after: [] as (() => Promise<unknown>)[] };
  let isOther = false;
  const other = async (act?: () => Promise<unknown>) => {
    isOther = true;
    await act?.();
    isOther = false;
  };
  const streams = new MemoryStreams(
    async (what, happen) => {
      if (isOther) return happen();
      moments.push(what);
      if (what === 'append') await other(meanwhile.before.shift());
      const happened = happen();
      if (what === 'append') await other(meanwhile.after.shift());
      return happened;
    },
    () => fates.shift() ?? 'done',
  );
  return { streams, meanwhile, moments, baskets: streams.process().baskets, other: streams.process().baskets };
}

const typesOf = (streams: MemoryStreams) => streams.eventsOf(ALICE).map(({ type }) => type);
const refusal = (code: BasketErrorCode, message: unknown = expect.anything()) =>
  expect.objectContaining({ code, message }) as Error;

beforeEach(() => {
  // Nobody waits before another attempt.
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

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

describe('When another process was faster', () => {
  it('an update is decided again on the newer basket', async () => {
    const { streams, baskets, other, meanwhile } = storing();
    const before = { ...counts };
    meanwhile.before = [() => other.update(ALICE, addPencil), () => other.update(ALICE, addPencil)];
    const { after } = await baskets.update(ALICE, addNotebook);
    expect(after).toMatchObject({ version: 4, lines: [{ ...PENCIL, quantity: 6 }, NOTEBOOK] });
    expect(typesOf(streams)).toEqual(['BasketCreated', ...(Array(3).fill('BasketItemAdded') as string[])]);
    expect(counts.versionConflicts - before.versionConflicts).toBe(2);
    expect(counts.retries - before.retries).toBe(2);
  });

  it('an update is refused for what is the case by then', async () => {
    const { baskets, other, meanwhile } = storing();
    await baskets.update(ALICE, addPencil);
    meanwhile.before = [() => other.update(ALICE, remove)];
    await expect(baskets.update(ALICE, setPencil)).rejects.toThrow(refusal('basket-not-found'));
  });

  it('an update gives up after fifty attempts', async () => {
    const { baskets, other, meanwhile, moments } = storing();
    meanwhile.before = Array.from({ length: 60 }, () => () => other.update(ALICE, addPencil));
    await expect(baskets.update(ALICE, addNotebook)).rejects.toThrow(
      refusal('conflict', "Other writers of alice's basket were faster 50 times."),
    );
    expect(moments.filter((what) => what === 'append')).toHaveLength(50);
    expect(meanwhile.before).toHaveLength(10);
    await expect(baskets.update(ALICE, addNotebook)).resolves.toBeDefined();
  });

  it('attempts are parted by more and more time, up to a twentieth of a second', async () => {
    const { baskets, other, meanwhile } = storing();
    jest.spyOn(Math, 'random').mockReturnValue(1);
    meanwhile.before = Array.from({ length: 3 }, () => () => other.update(ALICE, addPencil));
    const start = performance.now();
    await baskets.update(ALICE, addNotebook);
    expect(performance.now() - start).toBeGreaterThan(2 + 4 + 8 - 3);
  });
});

describe('Updates of one basket in one process', () => {
  it('start from what the one before left, without another look', async () => {
    const { baskets, moments } = storing();
    const updates = await Promise.all([addNotebook, addPencil, nothing].map((by) => baskets.update(ALICE, by)));
    expect(updates.map(({ after }) => after.version)).toEqual([2, 3, 3]);
    // The last one would change nothing, which only the store can say for sure.
    expect(moments).toEqual(['read', 'append', 'append', 'read']);
  });

  it.each<[string, Decide, number]>([
    ['is refused', setPencil, 4],
    ['changes nothing', (basket) => (basket.version < 3 ? [] : setPencil(basket, '')), 4],
  ])('look again when one that started so %s: another process may have come in between', async (_, by, version) => {
    const { baskets, other, meanwhile } = storing();
    meanwhile.after = [() => other.update(ALICE, addPencil)];
    const [, update] = await Promise.all([baskets.update(ALICE, addNotebook), baskets.update(ALICE, by)]);
    expect(update.after).toMatchObject({ version, lines: [NOTEBOOK, { ...PENCIL, quantity: 9 }] });
  });

  it('are refused when the second look says so, too, and what follows starts afresh', async () => {
    const { baskets, moments } = storing();
    const [, refused, next] = await Promise.allSettled([
      baskets.update(ALICE, addNotebook),
      baskets.update(ALICE, (basket) => removeItem(basket, PENCIL.productId)),
      baskets.update(ALICE, addPencil),
    ]);
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'item-not-found' } });
    expect(next).toMatchObject({ status: 'fulfilled', value: { after: { version: 3 } } });
    expect(moments).toEqual(['read', 'append', 'read', 'read', 'append']);
  });
});

describe('Updates of one basket that have waited', () => {
  const command = (id: string) => ({ id, fingerprint: `print of ${id}` });
  const sumsOf = (updates: readonly { after: object }[]) =>
    updates.map(({ after }) => (after as { lines: { quantity: number }[] }).lines.map(({ quantity }) => quantity));

  /** The first one is under way when the others come. */
  const together = (baskets: ReturnType<typeof storing>['baskets'], ...wishes: [Decide, UpdateOptions?][]) =>
    Promise.all([
      baskets.update(ALICE, addNotebook),
      ...wishes.map(([by, options]) => baskets.update(ALICE, by, options)),
    ]);

  it('are stored as one, and each is told what it alone did', async () => {
    const { streams, baskets, moments } = storing();
    const [, ...updates] = await together(baskets, [addPencil], [setPencil], [remove], [addNotebook]);
    expect(moments).toEqual(['read', 'append', 'append']);
    expect(updates.map(({ before, after, events }) => [before.version, after.version, events.length])).toEqual([
      [2, 3, 1],
      [3, 4, 1],
      [4, 5, 1],
      [5, 7, 2],
    ]);
    expect(updates.map(({ document }) => document.version)).toEqual([3, 4, 5, 7]);
    for (const { after, document } of updates) expect(document).toStrictEqual(toDocument(after));
    const stored = streams.eventsOf(ALICE);
    expect(stored.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    // The basket that was opened behind the deleted one is another one.
    const ids = stored.map(({ basketId }) => basketId);
    expect(ids.map((id) => ids.indexOf(id))).toEqual([0, 0, 0, 0, 0, 5, 5]);
    const { expected, isNew, row } = streams.appends[1] ?? {};
    expect({ expected, isNew, row: row?.slice(0, 5) }).toStrictEqual({
      expected: 2,
      isNew: false,
      row: [ids[5], 'active', 7, updates[3]?.document.json, stored[6]?.eventId],
    });
  });

  it('keep who they are: each has its own key, its own cause and its own caller', async () => {
    const { streams, baskets } = storing();
    const as = (requestId: string, id: string) =>
      requestContext.run({ requestId }, () => baskets.update(ALICE, addPencil, { command: command(id) }));
    await Promise.all([
      baskets.update(ALICE, addNotebook),
      as('r1', 'one'),
      as('r2', 'two'),
      baskets.update(ALICE, addPencils(2), { causationId: 'cause' }),
    ]);
    expect(streams.appends).toHaveLength(2);
    expect(streams.eventsOf(ALICE).slice(2)).toMatchObject([
      { commandId: 'one', metadata: { requestId: 'r1', fingerprint: 'print of one', appended: 1 } },
      { commandId: 'two', metadata: { requestId: 'r2', fingerprint: 'print of two', appended: 1 } },
      { commandId: null, causationId: 'cause', metadata: { appended: 2 } },
      { commandId: null, causationId: null, metadata: { appended: 2 } },
    ]);
    const repeat = await baskets.update(ALICE, addPencil, { command: command('two') });
    expect(repeat).toMatchObject({ replayed: true, before: { version: 3 }, after: { version: 4 } });
  });

  it('do not go with one that would be refused: it is judged by what is stored', async () => {
    const { baskets, moments } = storing();
    const [, one, two, refused, last] = await Promise.allSettled([
      baskets.update(ALICE, addNotebook),
      baskets.update(ALICE, addPencil),
      baskets.update(ALICE, addPencil),
      baskets.update(ALICE, addPencil, { precondition: { match: [2] } }),
      baskets.update(ALICE, addPencil),
    ]);
    expect([one, two, last]).toMatchObject(
      [3, 4, 5].map((version) => ({ status: 'fulfilled', value: { after: { version } } })),
    );
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'version-mismatch' } });
    expect(moments).toEqual(['read', 'append', 'append', 'read', 'read', 'append']);
  });

  it('do not pay for one whose decision fails, which its caller hears of', async () => {
    const { baskets } = storing();
    const broken: Decide = () => {
      throw new TypeError('broken');
    };
    const results = await Promise.allSettled(
      [addNotebook, addPencil, broken, addPencil].map((by) => baskets.update(ALICE, by)),
    );
    expect(results).toMatchObject([
      { value: { after: { version: 2 } } },
      { value: { after: { version: 3 } } },
      { reason: { name: 'TypeError', message: 'broken' } },
      { value: { after: { version: 4 } } },
    ]);
  });

  it('take effect once when two of them are one command', async () => {
    const { streams, baskets } = storing();
    const [, one, again, other] = await together(
      baskets,
      [addPencil, { command: command('key') }],
      [addPencil, { command: command('key') }],
      [addPencil, { command: command('other') }],
    );
    expect([one, again, other].map((update) => update?.replayed)).toEqual([false, true, false]);
    expect(again?.after).toEqual(one?.after);
    expect(streams.eventsOf(ALICE)).toHaveLength(4);
  });

  it('take effect once when one of them has taken effect before', async () => {
    const { streams, baskets } = storing();
    await baskets.update(ALICE, addPencil, { command: command('key') });
    const [, one, again, other] = await together(
      baskets,
      [addPencil],
      [addPencil, { command: command('key') }],
      [addPencil],
    );
    expect([one, again, other].map((update) => update?.replayed)).toEqual([false, true, false]);
    expect(again?.after.version).toBe(2);
    expect(streams.eventsOf(ALICE)).toHaveLength(5);
  });

  it('are decided again when another process was faster', async () => {
    const { baskets, other, meanwhile } = storing();
    meanwhile.after = [() => other.update(ALICE, addPencil)];
    const [, ...updates] = await together(baskets, [addPencil], [addPencil], [addPencil]);
    expect(updates.map(({ after }) => after.version)).toEqual([4, 5, 6]);
    expect(sumsOf(updates)).toEqual([
      [2, 6],
      [2, 9],
      [2, 12],
    ]);
  });

  it('are all told when it is not known whether they took effect', async () => {
    const { streams, baskets } = storing('done', 'answer lost');
    const results = await Promise.allSettled(
      [addNotebook, addPencil, addPencil].map((by) => baskets.update(ALICE, by)),
    );
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      ...[1, 2].map(() => ({ status: 'rejected', reason: { name: 'DatabaseUnavailableError' } })),
    ]);
    expect(streams.eventsOf(ALICE)).toHaveLength(4);
    await expect(baskets.update(ALICE, addPencil)).resolves.toMatchObject({ before: { version: 4 } });
  });

  it('do not pay for one that the database cannot take', async () => {
    const { baskets } = storing('done', 'refused', 'done', 'refused');
    const results = await Promise.allSettled(
      [addNotebook, addPencil, addPencil, addPencil].map((by) => baskets.update(ALICE, by)),
    );
    // Together they are refused; the first one alone is not; the other two are refused together and then done alone.
    expect(results).toMatchObject([2, 3, 4, 5].map((version) => ({ value: { after: { version } } })));
  });

  it('are no more than 32', async () => {
    const { streams, baskets } = storing();
    await together(baskets, ...Array.from({ length: 70 }, (): [Decide] => [addPencil]));
    expect(streams.appends.map(({ changes }) => changes.length)).toEqual([1, 32, 32, 6]);
  });

  it('do not go with one that has less than a second left', async () => {
    const { streams, baskets } = storing();
    const hurried = { requestId: 'r', deadline: performance.now() + 900 };
    const patient = { requestId: 'r', deadline: performance.now() + 1900 };
    await Promise.all([
      baskets.update(ALICE, addNotebook),
      requestContext.run(patient, () => baskets.update(ALICE, addPencil)),
      requestContext.run(patient, () => baskets.update(ALICE, addPencil)),
      requestContext.run(hurried, () => baskets.update(ALICE, addPencil)),
      requestContext.run(patient, () => baskets.update(ALICE, addPencil)),
    ]);
    expect(streams.appends.map(({ changes }) => changes.length)).toEqual([1, 2, 1, 1]);
  });

  it('take a snapshot of each hundredth version that one of them leads to', async () => {
    const { streams, baskets } = storing();
    await together(baskets, [addPencils(97)], [addPencil], [addPencil]);
    expect(streams.appends[1]?.snapshots.map(({ version }) => version)).toEqual([100]);
    expect(JSON.parse(streams.appends[1]?.snapshots[0]?.json ?? '')).toMatchObject({
      version: 100,
      totalItems: 2 + 98 * 3,
    });
  });
});

describe('What an update says it is', () => {
  const command = { id: 'key', fingerprint: 'print' };

  it('makes a repeat answer what was then, and do nothing', async () => {
    const { streams, baskets } = storing();
    const { before, after, document, events } = await baskets.update(ALICE, addNotebook, { command });
    await baskets.update(ALICE, addPencil);
    const repeat = await baskets.update(ALICE, addNotebook, { command });
    expect(repeat).toEqual({ before, after, document, events: expect.anything() as unknown, replayed: true });
    expect(repeat.events).toMatchObject(events.map(({ type, version }) => ({ type, version })));
    expect(streams.appends).toHaveLength(2);
  });

  it('makes a repeat answer so though it would be refused by now', async () => {
    const { baskets } = storing();
    const options = { command, precondition: { noneMatch: '*' } } as const;
    await baskets.update(ALICE, addNotebook, options);
    expect(await baskets.update(ALICE, addNotebook, options)).toMatchObject({ after: { version: 2 }, replayed: true });
  });

  it('finds what took effect though nobody was told', async () => {
    const { streams, baskets } = storing('answer lost');
    await expect(baskets.update(ALICE, addNotebook, { command })).rejects.toThrow(DatabaseUnavailableError);
    expect(await baskets.update(ALICE, addNotebook, { command })).toMatchObject({ replayed: true });
    expect(streams.appends).toHaveLength(1);
  });

  it('is refused for another request', async () => {
    const { baskets } = storing();
    await baskets.update(ALICE, addNotebook, { command });
    const another = { command: { ...command, fingerprint: 'other' } };
    await expect(baskets.update(ALICE, addPencil, another)).rejects.toThrow(
      refusal('idempotency-key-reused', 'Another request of this user had this Idempotency-Key.'),
    );
  });

  it('counts by its cause, whoever asks', async () => {
    const { streams, baskets } = storing();
    const options = { causationId: 'cause' };
    await baskets.update(ALICE, addNotebook, { ...options, command });
    const theirs = { id: 'theirs', fingerprint: 'other' };
    for (const again of [options, { ...options, command: theirs }])
      expect(await baskets.update(ALICE, addPencil, again)).toMatchObject({ replayed: true, causationId: 'cause' });
    expect(await baskets.update(ALICE, addPencil, { causationId: 'next' })).toMatchObject({ causationId: 'next' });
    expect(streams.appends).toHaveLength(2);
  });

  it('is looked for only when there is something to look for', async () => {
    const { baskets, moments } = storing();
    await expect(baskets.update(ALICE, remove)).rejects.toThrow(refusal('basket-not-found'));
    expect(moments).not.toContain('look');
    await expect(baskets.update(ALICE, remove, { command })).rejects.toThrow(refusal('basket-not-found'));
    expect(moments).toContain('look');
  });

  it('hands nothing over to the next when it was a repeat', async () => {
    const { baskets } = storing();
    await baskets.update(ALICE, addNotebook, { command });
    await baskets.update(ALICE, addPencil);
    const [, next] = await Promise.all([
      baskets.update(ALICE, addNotebook, { command }),
      baskets.update(ALICE, addPencil),
    ]);
    expect(next.after.version).toBe(4);
  });
});
