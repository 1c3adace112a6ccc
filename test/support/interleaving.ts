import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { Moment } from './memory-streams.js';

/** Rounds of the event loop after which whoever can go on has come to the next moment, or waits for a while. */
const ROUNDS = 3;

export const momentOf =
  (scheduler: fc.Scheduler): Moment =>
  async (what, happen) => {
    await scheduler.schedule(Promise.resolve(), what);
    return happen();
  };

/** Lets one thing happen after the other, in the order that the scheduler chooses of those that could be next. */
export async function interleave(scheduler: fc.Scheduler, work: readonly Promise<unknown>[]): Promise<void> {
  const state = { isDone: false };
  const all = Promise.all(work).finally(() => (state.isDone = true));
  // It is awaited below; a failure meanwhile is no unhandled one.
  all.catch(() => undefined);
  while (!state.isDone) {
    for (let round = 0; round < ROUNDS; round++) await setImmediate();
    if (scheduler.count() > 0) await scheduler.waitNext(1);
  }
  await all;
}
