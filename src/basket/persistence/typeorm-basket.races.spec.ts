import { jest } from '@jest/globals';
import { ALICE, NOTEBOOK, PENCIL } from '../../../test/support/given.js';
import {
  addNotebook,
  addPencil,
  nothing,
  refusal,
  setPencil,
  storing,
  typesOf,
  withoutWaiting,
} from '../../../test/support/storing.js';
import { counts } from '../../telemetry/counts.js';
import { remove, removeItem } from '../domain/decisions.js';
import type { Decide } from '../domain/decisions.js';

withoutWaiting();

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
