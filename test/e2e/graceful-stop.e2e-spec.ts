import { jest } from '@jest/globals';
import { work } from '../support/balanced-client.js';
import type { Outcome } from '../support/balanced-client.js';
import { eventually } from '../support/eventually.js';
import { KeptConnection } from '../support/kept-connection.js';
import { ServiceProcess } from '../support/service-process.js';
import { addition, someBasket } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';

jest.setTimeout(180_000);

const READERS = 8;

const readiness = async (url: string) => (await fetch(`${url}/health/ready`)).status;

/** The parts of one request; the service cannot answer it before it has the second. */
function halves(): [string, string] {
  const body = JSON.stringify(addition());
  const head = [
    ...[`POST ${someBasket()}/items HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json'],
    ...[`Content-Length: ${body.length}`, '', ''],
  ].join('\r\n');
  return [head + body.slice(0, 10), body.slice(10)];
}

describe('a service that is told to stop', () => {
  let storage: Storage;
  const start = (drainMs: number) => ServiceProcess.start({ ...storage.env, SHUTDOWN_DRAIN_MS: String(drainMs) });
  const isGone = (url: string) =>
    eventually(() =>
      fetch(url).then(
        () => false,
        () => true,
      ),
    );

  beforeAll(async () => {
    storage = await createStorage();
  });
  afterAll(() => storage[Symbol.asyncDispose]());

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s drops no request of its kept connections', async (signal) => {
    await using service = await start(1500);
    const { url } = service;
    let draining = false;
    const outcomes: Outcome[] = [];
    const workers = Promise.all(Array.from({ length: READERS }, () => work(url, () => draining, outcomes)));
    await eventually(() => outcomes.length > 10 * READERS);

    service.kill(signal);
    const unready = await eventually(async () => {
      const answer = await fetch(`${url}/health/ready`);
      return answer.status === 503 && ((await answer.json()) as { details: unknown });
    });
    draining = true;
    expect(unready.details).toMatchObject({
      lifecycle: { status: 'down', message: 'draining' },
      database: { status: 'up' },
    });
    await workers;

    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(outcomes.filter(({ whileDraining }) => whileDraining).length).toBeGreaterThan(0);
    expect([...new Set(outcomes.map(({ answer }) => answer))].sort()).toEqual([200, 201]);
    const log = service.log.map(({ msg }) => msg).filter((msg) => msg !== 'request');
    expect(log.slice(-2)).toEqual([`${signal}: draining for 1500 ms, then stopping.`, 'Stopped.']);
  });

  it('asks kept connections to go as they are used, and closes those that are not', async () => {
    await using service = await start(1000);
    const { url } = service;
    await using used = await KeptConnection.open(url);
    await using idle = await KeptConnection.open(url);
    const live = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n';
    for (const connection of [used, idle]) {
      connection.write(live);
      expect(await connection.status()).toBe(200);
    }
    service.kill('SIGTERM');
    await eventually(async () => (await readiness(url)) === 503);
    used.write(live);
    expect(await used.rest()).toMatch(/^HTTP\/1\.1 200[^]*\r\nconnection: close\r\n/i);
    expect(await idle.rest()).toBe('');
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  it('answers what it had begun to read, after it has stopped to listen', async () => {
    await using service = await start(0);
    const { url } = service;
    const [first, second] = halves();
    await using connection = await KeptConnection.open(url);
    connection.write(first);
    // The service has read the first half when it answers what came after it.
    await readiness(url);
    service.kill('SIGTERM');
    await isGone(url);
    expect(service.hasEnded).toBe(false);
    connection.write(second);
    expect(await connection.rest()).toMatch(/^HTTP\/1\.1 201 /);
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  it('is not disturbed by more signals', async () => {
    await using service = await start(1000);
    const { url } = service;
    const [first, second] = halves();
    await using connection = await KeptConnection.open(url);
    connection.write(first);
    await readiness(url);
    service.kill('SIGTERM');
    await eventually(async () => (await readiness(url)) === 503);
    service.kill('SIGTERM');
    service.kill('SIGINT');
    await isGone(url);
    service.kill('SIGINT');
    connection.write(second);
    expect(await connection.rest()).toMatch(/^HTTP\/1\.1 201 /);
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  it('stops at once when nothing is to be waited for', async () => {
    await using service = await start(0);
    expect(await service.end()).toEqual({ code: 0, signal: null });
  });
});
