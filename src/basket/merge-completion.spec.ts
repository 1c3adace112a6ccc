import { jest } from '@jest/globals';
import { NOTEBOOK, PENCIL, created, itemAdded } from '../../test/support/given.js';
import { adding, limits } from '../../test/support/items.js';
import { MemoryStreams } from '../../test/support/memory-streams.js';
import type { Fate } from '../../test/support/memory-streams.js';
import { DatabaseUnavailableError } from '../database/database.js';
import { isOpen } from './domain/basket.js';
import { BasketError } from './domain/basket.errors.js';
import { remove, updateQuantity } from './domain/decisions.js';
import type { StoredMerge } from './merge-completion.js';

const GUEST = 'guest';
const add = (item = PENCIL) => adding({ ...item, currency: 'EUR' });

/** A guest whose basket of notebooks and pencils went into that of alice, and was not emptied yet. */
async function merged() {
  const asked: string[] = [];
  const fates: Fate[] = [];
  /** What the guest does before the next appends. */
  const shopping: (() => Promise<unknown>)[] = [];
  const streams = new MemoryStreams(
    async (what, happen) => {
      asked.push(what);
      if (what === 'append') await shopping.shift()?.();
      return happen();
    },
    () => fates.shift() ?? 'done',
  );
  const [process, guest] = [streams.process(), streams.process()];
  await process.baskets.update(GUEST, add(NOTEBOOK));
  const { after } = await process.baskets.update(GUEST, add());
  if (!isOpen(after)) throw new Error('The guest has no basket.');
  const merge: StoredMerge = {
    ...{ userName: 'alice', version: 2, strategy: 'sum', items: [NOTEBOOK, PENCIL] },
    ...{ fromUserName: GUEST, fromBasketId: after.basketId, fromVersion: after.version },
  };
  asked.length = 0;
  const left = () => {
    const basket = streams.basketOf(GUEST);
    return isOpen(basket) ? Object.fromEntries(basket.lines.map((one) => [one.productName, one.quantity])) : undefined;
  };
  const shop = (item = PENCIL) => guest.baskets.update(GUEST, add(item));
  return { ...process, merge, source: after, streams, guest, shop, shopping, fates, asked, left };
}

beforeEach(() => {
  // Nobody waits before another attempt.
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('The basket that a merge took', () => {
  it('is the guest’s as the merge found it, whatever became of it', async () => {
    const { completion, merge, source, shop } = await merged();
    await shop();
    expect(await completion.source(merge)).toStrictEqual(source);
  });

  it('is not known when the events of the guest are not there any more', async () => {
    const { completion, merge } = await merged();
    expect(await completion.source({ ...merge, fromUserName: 'nobody' })).toBeUndefined();
    expect(await completion.source({ ...merge, fromVersion: 0 })).toBeUndefined();
  });

  it.each([new DatabaseUnavailableError('gone'), new BasketError('conflict', 'another refusal')])(
    'is not taken for unknown when looking for it fails otherwise: %p',
    async (failure) => {
      const { completion, history, merge } = await merged();
      jest.spyOn(history, 'asOf').mockRejectedValue(failure);
      await expect(completion.source(merge)).rejects.toBe(failure);
    },
  );
});

describe('A merge is completed', () => {
  it('by emptying the guest’s basket, which tells the merge as its cause', async () => {
    const { completion, merge, streams, asked, left } = await merged();
    await completion.complete(merge);
    expect(left()).toEqual({});
    expect(asked).toEqual(['past', 'page', 'read', 'append']);
    expect(streams.eventsOf(GUEST).at(-1)).toMatchObject({ type: 'BasketCleared', causationId: 'merge:alice@2' });
  });

  it('without reading again what the caller knows', async () => {
    const { completion, merge, source, asked, left } = await merged();
    await completion.complete(merge, source);
    expect(left()).toEqual({});
    expect(asked).not.toContain('past');
  });

  it('once: what comes afterwards stays, though it be of the same product', async () => {
    const { completion, merge, shop, left, streams } = await merged();
    await completion.complete(merge);
    await shop();
    const { length } = streams.appends;
    await completion.complete(merge);
    expect(left()).toEqual({ Pencil: 3 });
    expect(streams.appends).toHaveLength(length);
  });

  it('and leaves what came in between', async () => {
    const { completion, merge, shop, left } = await merged();
    await shop({ ...PENCIL, quantity: 4 });
    await completion.complete(merge);
    expect(left()).toEqual({ Pencil: 4 });
  });

  it('and takes what the guest has put back since from what came in between', async () => {
    const { completion, merge, shop, guest, left } = await merged();
    await shop({ ...PENCIL, quantity: 4 });
    await guest.baskets.update(GUEST, (basket) => updateQuantity(basket, { ...PENCIL, quantity: 5 }, limits));
    await completion.complete(merge);
    expect(left()).toEqual({ Pencil: 2 });
  });

  it('and takes for its own what other merges moved out since', async () => {
    const { completion, merge, shop, left } = await merged();
    await shop({ ...PENCIL, quantity: 4 });
    await completion.complete({ ...merge, userName: 'bob' });
    expect(left()).toEqual({ Pencil: 4 });
    await completion.complete(merge);
    expect(left()).toEqual({ Pencil: 4 });
  });

  it('with nothing to do for a guest whose basket is gone, or was never known', async () => {
    const { completion, merge, guest, streams } = await merged();
    await guest.baskets.update(GUEST, remove);
    const { length } = streams.appends;
    await completion.complete(merge);
    await completion.complete({ ...merge, fromUserName: 'nobody' });
    expect(streams.appends).toHaveLength(length);
  });

  it('also when the guest has changed the basket more than a page of times', async () => {
    const { completion, merge, guest, left } = await merged();
    await guest.baskets.update(GUEST, () => Array.from({ length: 501 }, () => itemAdded(PENCIL, { quantity: 1 })));
    await completion.complete(merge);
    expect(left()).toEqual({ Pencil: 501 });
  });

  it('and asks for no more pages once there is nothing left to move', async () => {
    const { completion, merge, guest, asked } = await merged();
    await guest.baskets.update(GUEST, remove);
    await guest.baskets.update(GUEST, () => [created(), ...Array.from({ length: 600 }, () => itemAdded(PENCIL))]);
    asked.length = 0;
    await completion.complete(merge);
    expect(asked.filter((what) => what === 'page')).toHaveLength(1);
  });
});

describe('A guest who goes on shopping meanwhile', () => {
  it('keeps what is added, and the merge is completed on the newer basket', async () => {
    const { completion, merge, shop, shopping, left } = await merged();
    shopping.push(
      () => shop(),
      () => Promise.resolve(),
      () => shop(),
    );
    await completion.complete(merge);
    expect(left()).toEqual({ Pencil: 6 });
  });

  it('makes it give up after fifty attempts', async () => {
    const { completion, merge, baskets, shop } = await merged();
    let attempts = 0;
    const update = baskets.update.bind(baskets);
    jest.spyOn(baskets, 'update').mockImplementation(async (...asked) => {
      attempts++;
      await shop();
      return await update(...asked);
    });
    await expect(completion.complete(merge)).rejects.toMatchObject({
      code: 'conflict',
      message: 'The basket of guest is being changed.',
    });
    expect(attempts).toBe(50);
  });

  it('is no reason to go on when something else is wrong', async () => {
    const { completion, merge, fates } = await merged();
    fates.push('request lost');
    await expect(completion.complete(merge)).rejects.toThrow(DatabaseUnavailableError);
  });

  it('is no reason to go on when the basket refuses for another reason', async () => {
    const { completion, merge, baskets } = await merged();
    const refusal = new BasketError('total-limit', 'another refusal');
    const update = jest.spyOn(baskets, 'update').mockRejectedValue(refusal);
    await expect(completion.complete(merge)).rejects.toBe(refusal);
    expect(update).toHaveBeenCalledTimes(1);
  });
});
