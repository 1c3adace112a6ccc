import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import pg from 'pg';
import { checkDeliveries } from '../support/deliveries.js';
import { eventually } from '../support/eventually.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import type { Guard } from '../support/guards.js';
import { startNatsServer } from '../support/nats-server.js';
import type { NatsServer } from '../support/nats-server.js';
import { createOwnDatabase } from '../support/own-database.js';
import type { OwnDatabase } from '../support/own-database.js';
import { Probes } from '../support/probes.js';
import { deliveries } from '../support/publishing.js';
import { reconcile } from '../support/reconcile.js';
import { describeWith } from '../support/servers.js';
import { Shoppers, kindsOf } from '../support/shoppers.js';
import { count, figure, isLong, seconds, sized } from '../support/sizes.js';
import { replacement, someBasket, someItem } from '../support/shopping.js';

jest.setTimeout(600_000);

const DOWN_MS = sized(1000, 120_000);
const REQUESTS = sized(80, 1000);
const PAUSE_MS = sized(60, 20);
/** In lines; its event is larger than the bus takes. */
const POISON = 60;
const MAX_PAYLOAD = 8192;

/** Without it what the bus did not take is done with. */
const REFUSED = guard({
  file: 'outbox/delivery.js',
  guard: 'refused.push({ event, error: error });',
  instead: 'delivered.push(event);',
});

describeWith(['postgres', 'nats'], 'A service whose event bus is down under load', () => {
  let postgres: OwnDatabase;
  let nats: NatsServer;

  beforeEach(async () => {
    [postgres, nats] = await Promise.all([createOwnDatabase(), startNatsServer(`max_payload: ${MAX_PAYLOAD}`)]);
  });
  afterEach(async () => {
    await Promise.all([postgres[Symbol.asyncDispose](), nats.close()]);
  });

  async function query<Row extends object>(text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }
  const waiting = async () => {
    const [row] = await query<{ waiting: string }>('SELECT count(*) AS waiting FROM outbox WHERE parked_at IS NULL');
    return Number(row?.waiting);
  };

  async function takeDown(downMs: number, without: readonly Guard[] = []) {
    await using fleet = await Fleet.start(2, { DATABASE_URL: postgres.url, NATS_URL: nats.url }, without);
    const [url = ''] = fleet.urls;
    await using probes = new Probes(url);
    await using shoppers = new Shoppers({ urls: () => fleet.urls, pauseMs: PAUSE_MS });
    await shoppers.goOn(REQUESTS);
    const poison = someBasket();
    const body = JSON.stringify(
      replacement(Array.from({ length: POISON }, () => someItem({ productName: 'x'.repeat(100) }))),
    );
    const { status } = await fetch(url + poison, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await nats.kill();
    await setTimeout(downMs);
    const backlog = await waiting();
    await nats.start();
    const back = performance.now();
    await shoppers.goOn(REQUESTS);
    await shoppers.stop();
    const poisoned = decodeURIComponent(poison.split('/')[2] ?? '');
    // Behind the poison its own basket's events wait.
    await eventually(async () => (await waiting()) === 0, 60_000);
    const drainMs = performance.now() - back;
    const rows = await query<{ user_name: string; ids: string[] }>(
      'SELECT user_name, array_agg(event_id ORDER BY version) AS ids FROM domain_events GROUP BY user_name',
    );
    const stored = new Map(
      rows.map(({ user_name, ids }) => [user_name, user_name === poisoned ? ids.slice(0, 1) : ids]),
    );
    const parked = await query<{ user_name: string }>('SELECT user_name FROM outbox WHERE parked_at IS NOT NULL');
    return {
      ...checkDeliveries(stored, await deliveries(nats.url)),
      histories: (await reconcile(shoppers, fleet.urls, postgres.url)).faults,
      status,
      backlog,
      drainMs,
      poisoned,
      parked: parked.map(({ user_name }) => user_name),
      published: [...stored.values()].flat().length,
      kinds: Object.keys(kindsOf(shoppers.answers)).sort(),
      requests: shoppers.answers.length,
      probed: probes.since(0),
    };
  }

  it('serves, loses no event, keeps the order of each basket, and catches up', async () => {
    const outcome = await takeDown(DOWN_MS);
    const { faults, repeats, kinds, requests, backlog, drainMs, published } = outcome;
    figure(
      'event bus down',
      `down for ${seconds(DOWN_MS)}, ${count(requests)} requests, ${kinds.filter((kind) => !kind.startsWith('20')).length} kinds of errors, ` +
        `${count(backlog)} events waited, caught up in ${seconds(drainMs)}, ${count(published)} published, ${repeats} repeats, ` +
        `${faults.length} lost or out of order, ${outcome.parked.length} parked`,
    );
    expect(outcome.status).toBe(201);
    expect(kinds).toEqual(['200', '201']);
    expect(faults).toEqual([]);
    expect(outcome.histories).toEqual([]);
    expect(outcome.parked).toEqual([outcome.poisoned]);
    expect(backlog).toBeGreaterThan(0);
    expect(outcome.probed).toMatchObject({ live: [200], ready: [200] });
  });

  // It takes as long as the test itself.
  if (isLong)
    it('loses some when what the bus did not take is not kept: the test above can fail', async () => {
      const { faults } = await takeDown(sized(1000, 5000), [REFUSED]);
      figure(
        'event bus down (control: what the bus did not take is not kept)',
        `${faults.length} lost or out of order`,
      );
      expect(faults).not.toEqual([]);
    });
});
