import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Fleet } from '../support/fleet.js';
import { HaProxy } from '../support/haproxy.js';
import { createOwnDatabase } from '../support/own-database.js';
import type { OwnDatabase } from '../support/own-database.js';
import { reconcile } from '../support/reconcile.js';
import { describeWith } from '../support/servers.js';
import { Shoppers, kindsOf } from '../support/shoppers.js';
import { count, figure, isLong, sized } from '../support/sizes.js';

jest.setTimeout(300_000);

const PROCESSES = sized(2, 3);
const ROUNDS = sized(1, 6);
const REQUESTS = sized(40, 100);
/** Far more than the proxy needs to see it twice. */
const DRAIN_MS = sized(700, 1500);

describeWith(['postgres', 'haproxy'], 'A rolling restart behind HAProxy', () => {
  let postgres: OwnDatabase;

  beforeAll(async () => {
    postgres = await createOwnDatabase();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  async function restartAll(rounds: number, drainMs: number) {
    const env = { DATABASE_URL: postgres.url, SHUTDOWN_DRAIN_MS: `${drainMs}` };
    await using fleet = await Fleet.start(PROCESSES, env);
    await using proxy = await HaProxy.start(fleet.ports);
    // Until the proxy has seen all of them.
    await setTimeout(500);
    await using shoppers = new Shoppers({ urls: () => [proxy.url], clients: sized(6, 24), pauseMs: sized(30, 10) });
    for (let n = 0; n < rounds * PROCESSES; n++) {
      await shoppers.goOn(REQUESTS);
      await fleet.restart(n % PROCESSES, 'SIGTERM');
      await setTimeout(300);
    }
    await shoppers.goOn(REQUESTS);
    await shoppers.stop();
    const failed = shoppers.answers.filter(({ status }) => status === 0 || status >= 300);
    return {
      ...(await reconcile(shoppers, fleet.urls, postgres.url)),
      requests: shoppers.answers.length,
      failed: failed.length,
      kinds: kindsOf(failed),
    };
  }

  it('fails no request', async () => {
    const { failed, kinds, requests, faults, acknowledged } = await restartAll(ROUNDS, DRAIN_MS);
    figure(
      'rolling restart',
      `${ROUNDS * PROCESSES} restarts, ${failed} of ${count(requests)} requests failed, ` +
        `${count(acknowledged)} writes acknowledged, ${faults.length} faults`,
    );
    expect(kinds).toEqual({});
    expect(faults).toEqual([]);
  });

  // It takes as long as the test itself.
  if (isLong)
    it('fails some when nobody waits for the proxy to notice: the test above can fail', async () => {
      const { failed, kinds, requests } = await restartAll(3, 0);
      figure('rolling restart (control: no drain)', `${failed} of ${count(requests)} failed: ${JSON.stringify(kinds)}`);
      expect(failed).toBeGreaterThan(0);
    });
});
