import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Fleet } from '../support/fleet.js';
import type { Guard } from '../support/guards.js';
import { PostgresServer } from '../support/postgres-server.js';
import { reconcile } from '../support/reconcile.js';
import { describeWith } from '../support/servers.js';
import { Shoppers, kindsOf, percentile } from '../support/shoppers.js';
import { count, figure, seconds, sized } from '../support/sizes.js';
import { someBasket } from '../support/shopping.js';
import { SlowClient } from '../support/slow-client.js';

jest.setTimeout(300_000);

const CLIENTS = sized(100, 500);
/** 8.5 s, and a second until it is looked for; a machine that does other work besides looks late. */
const CLOSED_MS = sized(20_000, 10_000);
const LOOKED_AT_MS = 10_000;

/** Fastify's defaults wait for ever, Node's for minutes. */
const TIMEOUTS: readonly Guard[] = [
  { file: 'app.js', guard: 'requestTimeout: 8_500,', instead: '' },
  { file: 'app.js', guard: 'headersTimeout: 5000, connectionsCheckingInterval: 1000, ', instead: '' },
];

describeWith(['postgres'], 'Slow clients beside good ones', () => {
  const slowHeaders = (url: string) =>
    new SlowClient(url, `GET ${someBasket()} HTTP/1.1\r\nHost: localhost\r\nX-A: `, 'a');
  const slowBody = (url: string) =>
    new SlowClient(
      url,
      `POST ${someBasket()}/items HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{`,
      ' ',
    );

  async function stall(clients: number, without: readonly Guard[] = []) {
    await using postgres = await PostgresServer.start();
    await using fleet = await Fleet.start(1, { DATABASE_URL: postgres.url }, without);
    const [url = ''] = fleet.urls;
    await using shoppers = new Shoppers({ urls: () => fleet.urls, clients: sized(6, 12) });
    const before = await shoppers.goOn(sized(100, 1000));
    using all = new DisposableStack();
    const open = (one: typeof slowBody) => Array.from({ length: clients }, () => all.use(one(url)));
    const [headers, bodies] = [open(slowHeaders), open(slowBody)];
    const start = performance.now();
    const slow = [...headers, ...bodies];
    const isClosed = () => slow.every(({ closedMs }) => closedMs !== undefined);
    if (without.length === 0) await eventually(isClosed, CLOSED_MS).catch(() => undefined);
    else await setTimeout(LOOKED_AT_MS);
    await shoppers.stop();
    const meanwhile = shoppers.answers.filter((answer) => answer.start >= start);
    return {
      ...(await reconcile(shoppers, fleet.urls, postgres.url)),
      kinds: Object.keys(kindsOf(shoppers.answers)).sort(),
      requests: meanwhile.length,
      p99: [percentile(before, 0.99), percentile(meanwhile, 0.99)] as const,
      open: slow.filter(({ closedMs }) => closedMs === undefined).length,
      closedMs: Math.max(...slow.map(({ closedMs = Number.POSITIVE_INFINITY }) => closedMs)),
      answered: slow.filter(({ said }) => said.startsWith('HTTP/1.1 4')).length,
    };
  }

  it('are all closed in time, with an answer, and good ones do not notice; with the defaults they are not (control)', async () => {
    const [outcome, control] = await Promise.all([stall(CLIENTS), stall(20, TIMEOUTS)]);
    const { open, closedMs, kinds, requests, p99, faults } = outcome;
    figure(
      'slow clients',
      `${CLIENTS} slow headers and ${CLIENTS} slow bodies, ${open} open after ${seconds(CLOSED_MS)}, the last closed after ` +
        `${seconds(closedMs)}; ${count(requests)} good requests, p99 ${p99[0]} -> ${p99[1]} ms, ${faults.length} faults`,
    );
    figure('slow clients (control: the defaults)', `${control.open} of 40 open after ${seconds(LOOKED_AT_MS)}`);
    expect(open).toBe(0);
    expect(closedMs).toBeLessThan(CLOSED_MS);
    expect(outcome.answered).toBe(2 * CLIENTS);
    expect(kinds).toEqual(['200', '201']);
    expect(faults).toEqual([]);
    expect(control.open).toBeGreaterThan(0);
  });
});
