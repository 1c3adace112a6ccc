import { counts } from '../../telemetry/counts.js';
import { ALICE } from '../../../test/support/given.js';
import {
  addNotebook,
  addPencil,
  addPencils,
  setPencil,
  storing,
  withoutWaiting,
} from '../../../test/support/storing.js';
import { requestContext } from '../../request-context.js';
import { toDocument } from '../basket-document.js';
import type { UpdateOptions } from '../basket.repository.js';
import { remove } from '../domain/decisions.js';
import type { Decide } from '../domain/decisions.js';

withoutWaiting();

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
    const before = { ...counts };
    meanwhile.after = [() => other.update(ALICE, addPencil)];
    const [, ...updates] = await together(baskets, [addPencil], [addPencil], [addPencil]);
    expect(updates.map(({ after }) => after.version)).toEqual([4, 5, 6]);
    expect(sumsOf(updates)).toEqual([
      [2, 6],
      [2, 9],
      [2, 12],
    ]);
    expect(counts.versionConflicts - before.versionConflicts).toBe(1);
    expect(counts.retries - before.retries).toBe(1);
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
