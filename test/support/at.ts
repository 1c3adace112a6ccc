import { jest } from '@jest/globals';

const EVERYTHING_ELSE = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

/** Does something at another time, as far as `Date` tells it in this process; timers run as ever. One at a time. */
export async function at<T>(time: string, doIt: () => Promise<T>): Promise<T> {
  jest.useFakeTimers({ now: new Date(time), doNotFake: [...EVERYTHING_ELSE] });
  try {
    return await doIt();
  } finally {
    jest.useRealTimers();
  }
}
