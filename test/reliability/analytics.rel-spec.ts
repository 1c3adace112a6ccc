import { jest } from '@jest/globals';
import { compareYear, kindsIn } from '../support/analytics.js';

jest.setTimeout(1_800_000);

const BASKETS = 100_000;

describe(`A generated year of ${BASKETS} baskets`, () => {
  it('has the figures that a plain recount of its events gives', async () => {
    const { days, recounted, events, refreshMs, recountMs } = await compareYear(BASKETS);
    const kinds = kindsIn(days);
    process.stdout.write(
      `analytics: ${days.length} rows of ${kinds.baskets} baskets and ${events} events; ` +
        `${days.filter((day, at) => JSON.stringify(day) !== JSON.stringify(recounted[at])).length} differ from the recount; ` +
        `refreshed in ${refreshMs} ms, recounted in ${recountMs} ms\n`,
    );
    expect(days).toEqual(recounted);
    expect(kinds.baskets).toBeGreaterThanOrEqual(BASKETS);
  });
});
