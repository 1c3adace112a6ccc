import { jest } from '@jest/globals';
import type { BasketErrorCode } from '../../src/basket/domain/basket.errors.js';
import { updateQuantity } from '../../src/basket/domain/decisions.js';
import type { Decide } from '../../src/basket/domain/decisions.js';
import { ALICE, NOTEBOOK, PENCIL, itemAdded } from './given.js';
import { adding, limits } from './items.js';
import { MemoryStreams } from './memory-streams.js';
import type { Fate } from './memory-streams.js';

export const addNotebook = adding({ ...NOTEBOOK, currency: 'EUR' });
export const addPencil = adding({ ...PENCIL, currency: 'EUR' });
export const nothing: Decide = () => [];
export const addPencils =
  (times: number): Decide =>
  () =>
    Array.from({ length: times }, () => itemAdded(PENCIL));
export const setPencil: Decide = (basket) => updateQuantity(basket, { ...PENCIL, quantity: 9 }, limits);

/**
 * Baskets of one process, with another one beside it.
 *
 * @param fates of the appends; they are done when these are used up
 */
export function storing(...fates: Fate[]) {
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

export const typesOf = (streams: MemoryStreams) => streams.eventsOf(ALICE).map(({ type }) => type);
export const refusal = (code: BasketErrorCode, message: unknown = expect.anything()) =>
  expect.objectContaining({ code, message }) as Error;

/** Nobody waits before another attempt, in the suite that it is called in. */
export function withoutWaiting(): void {
  beforeEach(() => {
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
}
