import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { FaultProxy } from '../support/fault-proxy.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import type { Guard } from '../support/guards.js';
import { createOwnDatabase } from '../support/own-database.js';
import type { OwnDatabase } from '../support/own-database.js';
import { reconcile } from '../support/reconcile.js';
import { describeWith } from '../support/servers.js';
import { Shoppers, kindsOf } from '../support/shoppers.js';
import { count, figure, isLong, seconds, sized } from '../support/sizes.js';

jest.setTimeout(300_000);

const DEADLINE_MS = sized(2000, 5000);
/** For what is not waiting: the machine may be busy. */
const TOLERANCE_MS = sized(5000, 1000);
const SLOW_MS = sized(100, 200);
const SILENT_MS = sized(2200, 30_000);
/** Behind the deadline of what waits when all is well again. */
const AFTER_MS = sized(300, 1000);
const LEAST_AFTER = sized(50, 100);
const ROUNDS = 1;
const HEALED_MS = 1000;
const UNAVAILABLE = '503 database-unavailable retry-after 1';

/** Without it a connection whose answer is still to come is given to the next statement. */
const RELEASE = guard({
  file: 'database/database.js',
  guard: 'client.release(failure instanceof DatabaseUnavailableError)',
  instead: 'client.release()',
});

describeWith(['postgres'], 'A service whose PostgreSQL is slow, cut off and silent under load', () => {
  let postgres: OwnDatabase;

  beforeAll(async () => {
    postgres = await createOwnDatabase();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  async function disturb(rounds: number, without: readonly Guard[] = []) {
    const url = new URL(postgres.url);
    const { hostname: host, port, searchParams } = url;
    const folder = searchParams.get('host');
    const upstream = folder ? { path: `${folder}/.s.PGSQL.5432` } : { host, port: Number(port || '5432') };
    await using proxy = await FaultProxy.start(upstream);
    searchParams.delete('host');
    url.host = `127.0.0.1:${proxy.port}`;
    const env = { DATABASE_URL: url.href, REQUEST_DEADLINE_MS: `${DEADLINE_MS}` };
    await using fleet = await Fleet.start(1, env, without);
    await using shoppers = new Shoppers({
      urls: () => fleet.urls,
      persistent: without.length === 0,
      pauseMs: sized(50, 20),
    });
    const healed: (readonly [from: number, to: number])[] = [];
    for (let n = 0; n < rounds; n++) {
      proxy.latencyMs = SLOW_MS;
      await shoppers.goOn(sized(30, 50));
      proxy.cut();
      await shoppers.goOn(sized(15, 30));
      proxy.latencyMs = 0;
      await shoppers.goOn(sized(30, 60));
      proxy.swallow();
      await setTimeout(SILENT_MS);
      proxy.heal();
      const from = performance.now() + HEALED_MS;
      // What is behind a request that waits for its deadline must not suffer from it either.
      await setTimeout(HEALED_MS + DEADLINE_MS + AFTER_MS);
      healed.push([from, performance.now()]);
    }
    await shoppers.stop();
    const isHealed = (start: number) => healed.some(([from, to]) => from <= start && start < to);
    const after = shoppers.answers.filter(({ start }) => isHealed(start));
    return {
      // Without its guard the service does not come back.
      outcome: without.length === 0 ? await reconcile(shoppers, fleet.urls, postgres.url) : undefined,
      kinds: kindsOf(shoppers.answers),
      longest: Math.max(...shoppers.answers.map(({ ms }) => ms)),
      after: after.length,
      failuresAfter: after.filter(({ status }) => status === 0 || status >= 300).length,
      counts: proxy.counts,
    };
  }

  it('answers each request by its deadline, and all of them when a second has passed since', async () => {
    const { outcome, kinds, longest, after, failuresAfter, counts } = await disturb(ROUNDS);
    const { faults, acknowledged, events } = outcome ?? {};
    figure(
      'Postgres slow, cut, silent',
      `${counts.cut} connections cut, silent for ${seconds(SILENT_MS)}, longest request ${seconds(longest)} ` +
        `of ${seconds(DEADLINE_MS)}, ${count(kinds[UNAVAILABLE] ?? 0)} refusals with 503, ${failuresAfter} of ${count(after)} requests ` +
        `failed after healing, ${count(acknowledged ?? 0)} writes acknowledged, ${count(events ?? 0)} stored, ${faults?.length} faults`,
    );
    expect(faults).toEqual([]);
    expect(acknowledged).toBe(events);
    expect(Object.keys(kinds).sort()).toEqual(['200', '201', UNAVAILABLE]);
    expect(longest).toBeLessThan(DEADLINE_MS + TOLERANCE_MS);
    expect(after).toBeGreaterThan(LEAST_AFTER);
    expect(failuresAfter).toBe(0);
  });

  // It takes as long as the test itself.
  if (isLong)
    it('fails long after healing when connections that timed out are kept: the test above can fail', async () => {
      const { failuresAfter, after } = await disturb(1, [RELEASE]);
      figure(
        'Postgres silent (control: connections kept)',
        `${failuresAfter} of ${after} requests failed after healing`,
      );
      expect(failuresAfter).toBeGreaterThan(0);
    });
});
