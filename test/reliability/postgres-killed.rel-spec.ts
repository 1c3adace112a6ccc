import { jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import { PostgresServer } from '../support/postgres-server.js';
import { Probes } from '../support/probes.js';
import { reconcile } from '../support/reconcile.js';
import { describeWith } from '../support/servers.js';
import { Shoppers, kindsOf } from '../support/shoppers.js';
import { count, figure, isLong, seconds, sized } from '../support/sizes.js';

jest.setTimeout(300_000);

const KILLS = sized(1, 10);
const REQUESTS_A_KILL = sized(100, 800);
const SERVING_MS = 2000;
const UNAVAILABLE = '503 database-unavailable retry-after 1';

/** Without it the loss of a connection that is in use ends the process. */
const LISTENER = guard({
  file: 'database/database.js',
  guard: "client.on('error', () => undefined)",
  instead: 'undefined',
});

describeWith(['postgres'], 'A service whose PostgreSQL is killed under load', () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  it('lives on, refuses with 503 meanwhile, loses nothing, and serves when it is back', async () => {
    await using fleet = await Fleet.start(2, { DATABASE_URL: postgres.url });
    await using probes = new Probes(fleet.urls[0] ?? '');
    await using shoppers = new Shoppers({ urls: () => fleet.urls, persistent: true });
    const returns: number[] = [];
    for (let n = 0; n < KILLS; n++) {
      await shoppers.goOn(REQUESTS_A_KILL);
      await postgres.kill();
      await shoppers.goOn(60);
      await postgres.start();
      const back = performance.now();
      const isServed = () => shoppers.answers.some(({ start, status }) => start > back && status > 0 && status < 300);
      await eventually(isServed);
      returns.push(performance.now() - back);
    }
    await shoppers.goOn(REQUESTS_A_KILL);
    await shoppers.stop();
    const kinds = kindsOf(shoppers.answers);
    const { faults, acknowledged, events, reads } = await reconcile(shoppers, fleet.urls, postgres.url);
    const slowest = Math.max(...returns);
    figure(
      'Postgres killed',
      `${KILLS} kills, ${count(kinds[UNAVAILABLE] ?? 0)} refusals with 503, ${count(acknowledged)} writes acknowledged, ` +
        `${count(events)} stored, ${count(reads)} reads, ${faults.length} faults, serving in ${seconds(slowest)} (max)`,
    );
    expect(faults).toEqual([]);
    expect(acknowledged).toBe(events);
    expect(Object.keys(kinds).sort()).toEqual(['200', '201', UNAVAILABLE]);
    expect(fleet.processes.map(({ hasEnded }) => hasEnded)).toEqual([false, false]);
    expect(probes.since(0)).toMatchObject({ live: [200], ready: [200, 503] });
    if (isLong) expect(slowest).toBeLessThan(SERVING_MS);
  });

  // It takes as long as the test itself.
  if (isLong)
    it('dies when nobody hears of the loss of a connection: the test above can fail', async () => {
      await using fleet = await Fleet.start(1, { DATABASE_URL: postgres.url }, [LISTENER]);
      await using shoppers = new Shoppers({ urls: () => fleet.urls, pauseMs: 0 });
      const [process] = fleet.processes;
      let kills = 0;
      for (; kills < 15 && process?.hasEnded === false; kills++) {
        await shoppers.goOn(200);
        await postgres.kill();
        await shoppers.goOn(60);
        await postgres.start();
      }
      figure('Postgres killed (control: no listener)', `the process ended at kill ${kills}`);
      expect(process?.hasEnded).toBe(true);
    });
});
