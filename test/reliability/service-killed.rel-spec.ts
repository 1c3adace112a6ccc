import { jest } from '@jest/globals';
import { Fleet } from '../support/fleet.js';
import { KEYS } from '../support/guards.js';
import type { Guard } from '../support/guards.js';
import { createOwnDatabase } from '../support/own-database.js';
import type { OwnDatabase } from '../support/own-database.js';
import { reconcile } from '../support/reconcile.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';
import { Shoppers } from '../support/shoppers.js';
import { count, figure, isLong, seconds, sized } from '../support/sizes.js';

jest.setTimeout(300_000);

const KILLS = sized(2, 20);
const REQUESTS_A_KILL = sized(60, 800);
const PROCESSES = 2;
const READY_MS = 2000;

describeWith(['postgres', 'redis'], 'A service that is killed under load', () => {
  let postgres: OwnDatabase;
  let redis: RedisServer;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([createOwnDatabase(), RedisServer.start()]);
  });
  afterAll(async () => {
    await Promise.all([postgres, redis].map((server) => server[Symbol.asyncDispose]()));
  });

  /** Kills processes in turn while shoppers ask both of them, again and again until they are told that it is done. */
  async function kill(kills: number, pauseMs?: number, without: readonly Guard[] = []) {
    await using fleet = await Fleet.start(PROCESSES, { DATABASE_URL: postgres.url, REDIS_URL: redis.url }, without);
    await using shoppers = new Shoppers({
      urls: () => fleet.urls,
      persistent: true,
      ...(pauseMs === undefined ? {} : { pauseMs }),
    });
    const restarts: number[] = [];
    for (let n = 0; n < kills; n++) {
      await shoppers.goOn(REQUESTS_A_KILL);
      restarts.push(await fleet.restart(n % PROCESSES, 'SIGKILL'));
    }
    await shoppers.goOn(REQUESTS_A_KILL);
    await shoppers.stop();
    const outcome = await reconcile(shoppers, fleet.urls, postgres.url);
    restarts.sort((a, b) => a - b);
    return {
      ...outcome,
      slowest: restarts.at(-1) ?? 0,
      median: restarts[Math.floor(restarts.length / 2)] ?? 0,
      lost: shoppers.answers.filter(({ status }) => status === 0).length,
    };
  }

  it('loses nothing that it acknowledged, does nothing twice, and is ready again at once', async () => {
    const { faults, acknowledged, events, reads, slowest, median, lost } = await kill(KILLS);
    figure(
      'service killed',
      `${KILLS} kills, ${count(lost)} requests without an answer, ${count(acknowledged)} writes acknowledged, ` +
        `${count(events)} stored, ${count(reads)} reads, ${faults.length} faults, ready in ${seconds(median)} (median), ${seconds(slowest)} (max)`,
    );
    expect(faults).toEqual([]);
    expect(acknowledged).toBe(events);
    expect(lost).toBeGreaterThan(0);
    // The load, the servers and whatever else there is share the processors with the process that starts.
    if (isLong) expect(median).toBeLessThan(READY_MS);
  });

  // As many requests as it can take are under way, so that some have taken effect when it is killed. It takes as long as the test itself.
  if (isLong)
    it('does things twice when keys are not looked at: the test above can fail', async () => {
      const { faults } = await kill(4, 0, [KEYS]);
      figure('service killed (control: no keys)', `${faults.length} faults, such as: ${faults[0] ?? 'none'}`);
      expect(faults).not.toEqual([]);
    });
});
