import { delayAfter } from './workers.js';

describe('A worker that ends', () => {
  it('is replaced at once, and later each time that its successors fail, half a minute at most', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map(delayAfter)).toEqual([
      0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });
});
