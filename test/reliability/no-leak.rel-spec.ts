import { jest } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { Fleet } from '../support/fleet.js';
import { guard } from '../support/guards.js';
import { HttpClient } from '../support/http-client.js';
import { visit } from '../support/mixed-requests.js';
import { createOwnDatabase } from '../support/own-database.js';
import type { OwnDatabase } from '../support/own-database.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';
import { count, figure, sized } from '../support/sizes.js';

jest.setTimeout(900_000);

const BATCHES = sized(6, 20);
const BATCH = sized(300, 10_000);
const CONTROL_BATCH = sized(300, 500);
/** After these everything is compiled and every pool is full. */
const WARM_UP = sized(3, 5);
const CALLERS = 16;
/** What a request may leave behind; of a few requests the noise is larger. */
const MOST_BYTES = sized(2000, 20);

/** Lets go of each request but of those that say so: a process of its own would have to be warmed up, too. */
const LEAK = guard({
  file: 'http/hooks.js',
  guard: 'records.record(request, reply);\n        done();',
  instead: `records.record(request, reply);
        if (request.headers['x-kept']) (globalThis.kept ??= []).push(new Array(500).fill(0.5));
        done();`,
});

describeWith(['postgres', 'redis'], 'The heap of a service', () => {
  let postgres: OwnDatabase;
  let redis: RedisServer;
  let fleet: Fleet;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([createOwnDatabase(), RedisServer.start()]);
    const nodeArguments = ['--expose-gc', '--import', './test/support/heap-on-demand.mjs'];
    fleet = await Fleet.start(1, { DATABASE_URL: postgres.url, REDIS_URL: redis.url }, [LEAK], nodeArguments);
  });
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]();
    await Promise.all([postgres, redis].map((server) => server[Symbol.asyncDispose]()));
  });

  /** What is left of it after each batch, garbage collected, in bytes. */
  async function watch(batches: number, batch: number, marks: Readonly<Record<string, string>> = {}) {
    const [url = ''] = fleet.urls;
    const [service] = fleet.processes;
    using http = new HttpClient(10_000, CALLERS);
    const heaps: number[] = [];
    const statuses = new Set<number>();
    const call = async (until: () => boolean) => {
      while (!until())
        for (const one of visit()) {
          const { status } = await http.send(url, { ...one, headers: { ...one.headers, ...marks } });
          statuses.add(status);
        }
    };
    let requests = 0;
    const visitLength = visit().length;
    for (let n = 0; n < batches; n++) {
      const end = requests + batch;
      await Promise.all(Array.from({ length: CALLERS }, () => call(() => (requests += visitLength) > end)));
      const heapsIn = () => service?.log.filter(({ msg }) => msg === 'heap') ?? [];
      const { length } = heapsIn();
      service?.kill('SIGUSR2');
      await eventually(() => heapsIn().length > length);
      heaps.push(Number(heapsIn()[length]?.heapUsed));
    }
    return { heaps, requests, statuses: [...statuses].sort() };
  }

  /** The slope of the line that fits best. */
  function growth(heaps: readonly number[], batch: number): number {
    const points = heaps.map((heap, at) => [at * batch, heap] as const);
    const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
    const [x, y] = [mean(0), mean(1)];
    const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
    return over / points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  }

  const megabytes = (bytes = 0) => `${(bytes / 1e6).toFixed(1)} MB`;

  it('is as large after many requests as after few', async () => {
    const { heaps, requests, statuses } = await watch(BATCHES, BATCH);
    const bytes = growth(heaps.slice(WARM_UP), BATCH);
    figure(
      'no leak',
      `${count(requests)} mixed requests, heap ${megabytes(heaps[WARM_UP])} -> ${megabytes(heaps.at(-1))} ` +
        `(most ${megabytes(Math.max(...heaps))}), ${bytes.toFixed(1)} bytes a request`,
    );
    expect(statuses).toEqual([200, 201, 204, 304, 400, 404, 412]);
    expect(bytes).toBeLessThan(MOST_BYTES);
  });

  it('is not when each request leaves 4 KB behind: the test above can fail', async () => {
    const { heaps } = await watch(3, CONTROL_BATCH, { 'x-kept': 'yes' });
    const bytes = growth(heaps, CONTROL_BATCH);
    figure('no leak (control: 4 KB a request are kept)', `${bytes.toFixed(1)} bytes a request`);
    expect(bytes).toBeGreaterThan(MOST_BYTES);
  });
});
