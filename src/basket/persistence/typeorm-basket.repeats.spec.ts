import { ALICE } from '../../../test/support/given.js';
import { addNotebook, addPencil, refusal, storing, withoutWaiting } from '../../../test/support/storing.js';
import { DatabaseUnavailableError } from '../../database/database.js';
import { remove } from '../domain/decisions.js';

withoutWaiting();

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
