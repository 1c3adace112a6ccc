import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import pg from 'pg';
import { work } from '../support/balanced-client.js';
import type { Outcome } from '../support/balanced-client.js';
import { eventually } from '../support/eventually.js';
import { VERSION, without } from '../support/guards.js';
import { Metrics } from '../support/metrics.js';
import { damagesOf, race } from '../support/race.js';
import { reconcile } from '../support/reconcile.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess, runToEnd } from '../support/service-process.js';
import type { Env } from '../support/service-process.js';
import { Shoppers, kindsOf } from '../support/shoppers.js';
import { someBasket } from '../support/shopping.js';
import { isLong, sized } from '../support/sizes.js';
import { stopProcess } from '../support/stopped.js';
import { createStorage, embeddedStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';

jest.setTimeout(180_000);

const WRITERS = 64;

/** Of the workers, in the order in which they began to listen. */
const pidsOf = ({ log }: ServiceProcess): number[] =>
  log.filter(({ msg }) => msg.startsWith('API ')).map(({ pid }) => Number(pid));

function endOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const toldBy = ({ log }: ServiceProcess): string[] =>
  log.filter(({ context }) => context === 'Workers').map(({ msg }) => msg);

describeWith(['postgres', 'redis'], 'two workers behind one port', () => {
  let storage: Storage;
  beforeEach(async () => {
    storage = await createStorage();
  });
  afterEach(() => storage[Symbol.asyncDispose]());

  async function startTwo(env: Env = {}, nodeArguments: readonly string[] = []): Promise<ServiceProcess> {
    const service = await ServiceProcess.start({ ...storage.env, WORKERS: '2', ...env }, nodeArguments);
    await eventually(() => pidsOf(service).length === 2 && toldBy(service).includes('2 workers serve.'));
    return service;
  }

  async function query(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: storage.env.DATABASE_URL });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  it('both answer, one scrape tells what each did, and no acknowledged add of 64 writers is lost, or there twice', async () => {
    await using service = await startTwo();
    // Each asks over a connection of its own.
    const asked = Array.from({ length: 16 }, () =>
      fetch(service.url + someBasket(), { headers: { connection: 'close' } }),
    );
    for (const { status } of await Promise.all(asked)) expect(status).toBe(404);
    const metrics = await Metrics.scrape(service.metricsUrl);
    const counted = ['1', '2'].map((worker) =>
      metrics.value('basket_operations_total', { worker, operation: 'getBasket', outcome: 'refused' }),
    );
    expect(counted).not.toContain(0);
    expect(counted.reduce((sum = 0, one = 0) => sum + one)).toBe(16);
    expect(metrics.series.size).toBe(new Set(metrics.series.keys()).size);
    expect([...metrics.series.keys()].filter((series) => !/\{worker="[12]"/.test(series))).toEqual([]);
    expect(metrics.text.match(/^# TYPE basket_ready /gm)).toHaveLength(1);
    const served = new Set(pidsOf(service));
    await eventually(() => {
      const requests = service.log.filter(({ route }) => route === '/baskets/:userName');
      return requests.length === 16 && new Set(requests.map(({ pid }) => Number(pid))).size === served.size;
    });
    const outcome = await race([service.url], WRITERS);
    expect(outcome.refusals.filter((status) => status !== 409)).toEqual([]);
    expect(outcome.baskets[0]?.products.size).toBeGreaterThan(WRITERS);
    expect(await damagesOf(outcome, [service.url], storage.env.DATABASE_URL ?? '')).toEqual([]);
  });

  // It takes as long as the test itself.
  if (isLong)
    it('lose some without the guard of the version: the test above can fail', async () => {
      for (const table of ['domain_events', 'outbox', 'basket_snapshots'])
        await query(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`);
      const { env, nodeArguments, errors } = without([VERSION]);
      await using service = await startTwo(env, nodeArguments);
      expect(service.errors).toBe(errors + errors);
      const outcome = await race([service.url], WRITERS);
      const damages = await damagesOf(outcome, [service.url], storage.env.DATABASE_URL ?? '');
      expect(damages.join('\n')).toMatch(/adds were lost/);
    });

  it('go on when one is killed, and have another one in its place', async () => {
    await using service = await startTwo();
    const [first = 0, second = 0] = pidsOf(service);
    await using shoppers = new Shoppers({
      urls: () => [service.url],
      persistent: true,
      // A connection that is on its way to a process that is killed is never answered.
      patienceMs: 4000,
    });
    await shoppers.goOn(100);
    process.kill(first, 'SIGKILL');
    await eventually(() => pidsOf(service).length === 3);
    expect(toldBy(service)).toContain(`Worker 1 (process ${first}) has ended (SIGKILL); another one starts in 0 ms.`);
    // The other one alone takes the load next: the new one must be able to serve.
    process.kill(second, 'SIGKILL');
    await eventually(() => pidsOf(service).length === 4);
    await shoppers.goOn(200);
    await shoppers.stop();
    // Those that the killed processes were at, or that were on their way to them, which get no answer (ADR 17); a connection that
    // is refused would be one that nobody listened to.
    const cutOff = ['ECONNRESET', 'EPIPE', 'Error: There was no answer.'];
    const failed = shoppers.answers.filter(({ status }) => status === 0 || status >= 500);
    expect(Object.keys(kindsOf(failed)).filter((kind) => !cutOff.includes(kind))).toEqual([]);
    const { faults } = await reconcile(shoppers, [service.url], storage.env.DATABASE_URL ?? '');
    expect(faults).toEqual([]);
    expect(await service.end()).toEqual({ code: 0, signal: null });
  });

  it.each(sized(['SIGTERM'] as const, ['SIGTERM', 'SIGINT'] as const))(
    'by %s drop no request of kept connections',
    async (signal) => {
      await using service = await startTwo({ SHUTDOWN_DRAIN_MS: '1500' });
      const { url } = service;
      let draining = false;
      const outcomes: Outcome[] = [];
      const workers = Promise.all(Array.from({ length: 8 }, () => work(url, () => draining, outcomes)));
      await eventually(() => outcomes.length > 80);
      service.kill(signal);
      await eventually(async () => (await fetch(`${url}/health/ready`)).status === 503);
      draining = true;
      service.kill(signal);
      await workers;
      expect(await service.exited).toEqual({ code: 0, signal: null });
      expect(outcomes.filter(({ whileDraining }) => whileDraining).length).toBeGreaterThan(0);
      expect([...new Set(outcomes.map(({ answer }) => answer))].sort()).toEqual([200, 201]);
      const said = service.log.map(({ msg }) => msg);
      expect(said.filter((msg) => msg === `${signal}: draining for 1500 ms, then stopping.`)).toHaveLength(2);
      expect(said.filter((msg) => msg === 'Stopped.')).toHaveLength(2);
      expect(toldBy(service)).toEqual([
        '2 workers serve.',
        `${signal}: stopping 2 workers.`,
        'All workers have ended.',
      ]);
    },
  );

  it('are not waited for without end: one that hangs tells that it is not ready, and is killed at the stop', async () => {
    await using service = await startTwo({ REQUEST_DEADLINE_MS: '500' });
    const [, second = 0] = pidsOf(service);
    stopProcess(second);
    // One that is stopped does not notice that its primary is gone.
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => endOne(second));
    const metrics = await Metrics.scrape(service.metricsUrl);
    expect(metrics.value('basket_ready', { worker: '1' })).toBe(1);
    expect(metrics.value('basket_ready', { worker: '2' })).toBe(0);
    expect(await service.end()).toEqual({ code: 1, signal: null });
    expect(toldBy(service)).toContain(`Worker ${second} does not stop and is killed.`);
  });

  it('of which one cannot start again are tried again while the other serves, and end when none does', async () => {
    await using service = await startTwo({ MIGRATE_ON_START: 'false' });
    const [first = 0, second = 0] = pidsOf(service);
    await query('ALTER TABLE migrations RENAME TO migrations_away');
    process.kill(first, 'SIGKILL');
    await eventually(() => toldBy(service).filter((msg) => msg.includes('(exit code 1)')).length >= 2);
    expect(
      toldBy(service)
        .filter((msg) => msg.startsWith('Worker 1'))
        .map((msg) => /\d+ ms/.exec(msg)?.[0]),
    ).toEqual(expect.arrayContaining(['0 ms', '500 ms', '1000 ms']));
    expect((await service.api.get('/health/ready')).status).toBe(200);
    process.kill(second, 'SIGKILL');
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.errors).toMatch(
      /^The database lacks migrations[^]+\nWorker [12] could not start \(exit code 1\)\.\n$/,
    );
  });

  it('do not start without migrations, and one of them says why', async () => {
    await using bare = await createStorage('nothing');
    const { code, errors } = await runToEnd({ ...bare.env, WORKERS: '2', MIGRATE_ON_START: 'false' });
    expect(code).toBe(1);
    expect(errors).toMatch(/^The database lacks migrations [^\n]+\nWorker 1 could not start \(exit code 1\)\.\n$/);
  });

  it.each(['PORT', 'METRICS_PORT'])('do not start when %s is taken', async (name) => {
    await using other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const { code, errors } = await runToEnd({ ...storage.env, WORKERS: '2', [name]: port });
    expect(code).toBe(1);
    expect(errors).toMatch(/in use/);
    expect(errors).toContain(port);
  });
});

it('Several workers are refused with the embedded database, which one process owns', async () => {
  await using storage = await embeddedStorage('no files');
  const { code, errors } = await runToEnd({ ...storage.env, WORKERS: '2' });
  expect(code).toBe(1);
  expect(errors).toMatch(/^The configuration is wrong\. WORKERS must be 1 without DATABASE_URL: [^\n]+\n$/);
});
