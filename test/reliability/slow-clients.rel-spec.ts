import { jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import type { Guard } from '../support/guards.js';
import { createOwnDatabase } from '../support/own-database.js';
import { reconcile } from '../support/reconcile.js';
import { describeWith } from '../support/servers.js';
import { Shoppers, kindsOf, percentile } from '../support/shoppers.js';
import { count, figure, seconds, sized } from '../support/sizes.js';
import { someBasket } from '../support/shopping.js';
import { SlowClient } from '../support/slow-client.js';

jest.setTimeout(300_000);

const CLIENTS = sized(30, 500);
/** 8.5 s, and a second until it is looked for; a machine that does other work besides looks late. */
const CLOSED_MS = sized(20_000, 10_000);

const REQUEST = guard({ file: 'app.js', guard: 'requestTimeout: 8_500,', instead: '' });
const HEADERS = guard({
  file: 'app.js',
  guard: 'headersTimeout: 5000, connectionsCheckingInterval: 1000, ',
  instead: '',
});
/** Fastify's defaults wait for ever, Node's for minutes. */
const TIMEOUTS: readonly Guard[] = [REQUEST, HEADERS];
/** So that they need not be waited for: that they are those above is known by now. */
const BRIEF: readonly Guard[] = [
  { ...REQUEST, instead: 'requestTimeout: 2000,' },
  { ...HEADERS, instead: 'headersTimeout: 1500, connectionsCheckingInterval: 250, ' },
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

  async function stall() {
    await using postgres = await createOwnDatabase();
    await using fleet = await Fleet.start(1, { DATABASE_URL: postgres.url }, sized(BRIEF, []));
    await using careless = await Fleet.start(1, { DATABASE_URL: postgres.url }, TIMEOUTS);
    await using shoppers = new Shoppers({ urls: () => fleet.urls, clients: sized(6, 12), pauseMs: sized(100, 20) });
    const before = await shoppers.goOn(sized(40, 1000));
    using all = new DisposableStack();
    const open = ({ urls: [url = ''] }: Fleet, clients: number) =>
      [slowHeaders, slowBody].flatMap((one) => Array.from({ length: clients }, () => all.use(one(url))));
    const [control, slow] = [open(careless, 20), open(fleet, CLIENTS)];
    const start = performance.now();
    const isOpen = ({ closedMs }: SlowClient) => closedMs === undefined;
    await eventually(() => !slow.some(isOpen), CLOSED_MS).catch(() => undefined);
    await shoppers.stop();
    const meanwhile = shoppers.answers.filter((answer) => answer.start >= start);
    return {
      ...(await reconcile(shoppers, fleet.urls, postgres.url)),
      kinds: Object.keys(kindsOf(shoppers.answers)).sort(),
      requests: meanwhile.length,
      p99: [percentile(before, 0.99), percentile(meanwhile, 0.99)] as const,
      open: slow.filter(isOpen).length,
      closedMs: Math.max(...slow.map(({ closedMs = Number.POSITIVE_INFINITY }) => closedMs)),
      answered: slow.filter(({ said }) => said.startsWith('HTTP/1.1 4')).length,
      controls: control.filter(isOpen).length,
    };
  }

  it('are all closed in time, with an answer, and good ones do not notice; with the defaults they are not (control)', async () => {
    const { open, closedMs, kinds, requests, p99, faults, answered, controls } = await stall();
    figure(
      'slow clients',
      `${CLIENTS} slow headers and ${CLIENTS} slow bodies, ${open} open after ${seconds(CLOSED_MS)}, the last closed after ` +
        `${seconds(closedMs)}; ${count(requests)} good requests, p99 ${p99[0]} -> ${p99[1]} ms, ${faults.length} faults`,
    );
    figure('slow clients (control: the defaults)', `${controls} of 40 open after ${seconds(closedMs)}`);
    expect(open).toBe(0);
    expect(closedMs).toBeLessThan(CLOSED_MS);
    expect(answered).toBe(2 * CLIENTS);
    expect(kinds).toEqual(['200', '201']);
    expect(faults).toEqual([]);
    expect(controls).toBeGreaterThan(0);
  });
});
