import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { FaultProxy } from '../support/fault-proxy.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import type { Guard } from '../support/guards.js';
import { Crowd, goodput, isServed } from '../support/open-loop.js';
import { PostgresServer } from '../support/postgres-server.js';
import { describeWith } from '../support/servers.js';
import { percentile } from '../support/shoppers.js';
import { count, figure, isLong, sized } from '../support/sizes.js';

jest.setTimeout(300_000);

const CALLERS = 256;
const MEASURE_MS = sized(1000, 5000);
const OVERLOAD_MS = sized(2000, 15_000);
/** Until the queues are as long as they get. */
const RAMP_MS = 1000;
const RECOVERY_MS = sized(3000, 5000);
const FAST_MS = 500;
/** Half of those who are served wait no longer than that. */
const PATIENCE_MS = 5000;
/** A database this far away serves some hundred additions a second, which leaves the processors to everything else. */
const DISTANCE_MS = 50;
const POOL_SIZE = 2;

const SHEDDING = guard({
  file: 'limits/load.js',
  guard: 'get isTooMuch() {',
  instead: 'get isTooMuch() { return false; } get wasTooMuch() {',
});

describeWith(['postgres'], 'A service that gets three times what it can take', () => {
  let postgres: PostgresServer;
  let proxy: FaultProxy;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    proxy = await FaultProxy.start({ path: `${postgres.folder}/.s.PGSQL.5432` });
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  /** @param factor how many times what it serves to 256 callers who wait for their answers */
  async function overload(distanceMs: number, poolSize: number, factor = 3, without: readonly Guard[] = []) {
    const forMs = OVERLOAD_MS;
    const DATABASE_URL = `postgres://postgres@127.0.0.1:${proxy.port}/postgres`;
    await using fleet = await Fleet.start(1, { DATABASE_URL, DATABASE_POOL_SIZE: `${poolSize}` }, without);
    using crowd = new Crowd(fleet.urls[0] ?? '');
    proxy.latencyMs = distanceMs;
    await crowd.closed(CALLERS, MEASURE_MS / 2);
    const measured = performance.now();
    const capacity = goodput(await crowd.closed(CALLERS, MEASURE_MS), measured, measured + MEASURE_MS);
    const start = performance.now();
    const arrivals = await crowd.open(factor * capacity, forMs);
    const refused = arrivals.filter(({ status }) => status === 503);
    const good = goodput(arrivals, start + RAMP_MS, start + forMs);
    await setTimeout(Math.max(0, start + forMs + RECOVERY_MS - performance.now()));
    const after = await crowd.open(capacity / 2, sized(1000, 4000));
    proxy.heal();
    const times = (some: typeof arrivals) => some.map((one) => ({ ms: one.end - one.start }));
    return {
      capacity,
      factor,
      arrivals: arrivals.length,
      share: Math.round((100 * good) / capacity),
      servedMs: percentile(times(arrivals.filter(isServed)), 0.5),
      refused: refused.length,
      refusedMs: percentile(times(refused), 0.5),
      hasty: refused.every(({ retryAfter }) => retryAfter),
      others: arrivals.filter((one) => !isServed(one) && one.status !== 503).length,
      failedAfter: after.filter((one) => !isServed(one)).length,
      afterMs: percentile(times(after), 0.99),
    };
  }

  const figuresOf = ({
    capacity,
    factor,
    arrivals,
    share,
    servedMs,
    refused,
    refusedMs,
    failedAfter,
    afterMs,
  }: Awaited<ReturnType<typeof overload>>) =>
    `capacity ${count(capacity)}/s, ${count(arrivals)} arrived at ${count(factor * capacity)}/s, goodput ${share} %, served in ${servedMs} ms (p50), ` +
    `${count(refused)} refused in ${refusedMs} ms (p50), afterwards ${failedAfter} failed, p99 ${afterMs} ms`;

  it('serves nearly as much as it can, refuses the rest at once, and is well soon after', async () => {
    const outcome = await overload(DISTANCE_MS, POOL_SIZE);
    figure('overload', figuresOf(outcome));
    expect(outcome.others).toBe(0);
    expect(outcome.hasty).toBe(true);
    expect(outcome.refused).toBeGreaterThan(0);
    expect(outcome.refusedMs).toBeLessThan(FAST_MS);
    expect(outcome.servedMs).toBeLessThan(PATIENCE_MS);
    expect(outcome.failedAfter).toBe(0);
    expect(outcome.share).toBeGreaterThanOrEqual(sized(75, 90));
  });

  // The controls of a quick run are elsewhere: src/limits/load.spec.ts.
  if (isLong) {
    it('lets all of them wait without its guard: the test above can fail', async () => {
      // The more wait, the more are stored together: three times as many are served by the way.
      const outcome = await overload(DISTANCE_MS, POOL_SIZE, 10, [SHEDDING]);
      figure('overload (control: nothing is refused)', figuresOf(outcome));
      expect(outcome.share < 90 || outcome.refusedMs > FAST_MS || outcome.servedMs > PATIENCE_MS).toBe(true);
    });

    it('does so, too, when the processor is what is short; callers and PostgreSQL share it here', async () => {
      const outcome = await overload(0, 10);
      figure('overload of the processor', figuresOf(outcome));
      expect(outcome.others).toBe(0);
      expect(outcome.failedAfter).toBe(0);
    });
  }
});
