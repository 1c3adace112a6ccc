import { setTimeout } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { startNatsServer } from '../support/nats-server.js';
import type { NatsServer } from '../support/nats-server.js';
import { serve } from '../support/served.js';
import type { Served } from '../support/served.js';
import { describeWith } from '../support/servers.js';
import { addition, basketOf } from '../support/shopping.js';

interface EventBus {
  readonly status: string;
  readonly kind: string;
  readonly waiting: number;
  readonly parked: number;
  readonly lagSeconds: number;
}

async function healthOf({ api }: Served, path = '/health') {
  const { status, text } = await api.get(path);
  const { details } = JSON.parse(text) as { details: { eventBus: EventBus } };
  return { status, eventBus: details.eventBus };
}

describe('The event bus in the health of the service', () => {
  it('is the process itself without NATS_URL', async () => {
    await using service = await serve();
    expect(await healthOf(service)).toEqual({
      status: 200,
      eventBus: { status: 'up', kind: 'in-process', waiting: 0, parked: 0, lagSeconds: 0 },
    });
  });
});

describeWith(['nats'], 'A service whose event bus fails', () => {
  let nats: NatsServer;
  let service: Served;

  const add = async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(addition({}));
    return (await fetch(`${service.url}${basketOf('alice')}/items`, { method: 'POST', headers, body })).status;
  };
  const becomes = (status: string) => eventually(async () => (await healthOf(service)).eventBus.status === status);

  beforeEach(async () => {
    nats = await startNatsServer();
  });

  afterEach(async () => {
    await service[Symbol.asyncDispose]();
    await nats.close();
  });

  it('serves, is ready and says that it is degraded, until the bus is back and has got the events', async () => {
    service = await serve({ NATS_URL: nats.url });
    await becomes('up');
    await nats.kill();
    await becomes('degraded');
    for (let at = 0; at < 5; at++) expect([200, 201]).toContain(await add());
    await setTimeout(300);
    for (const path of ['/health', '/health/ready']) {
      const { status, eventBus } = await healthOf(service, path);
      expect(status).toBe(200);
      expect(eventBus).toMatchObject({ status: 'degraded', kind: 'nats', parked: 0 });
      expect(eventBus.waiting).toBeGreaterThan(0);
      expect(eventBus.lagSeconds).toBeGreaterThan(0);
    }
    await nats.start();
    await eventually(async () => (await healthOf(service)).eventBus.waiting === 0);
    await becomes('up');
  });

  it('starts without it', async () => {
    await nats.kill();
    service = await serve({ NATS_URL: nats.url });
    expect(await healthOf(service, '/health/ready')).toMatchObject({ status: 200, eventBus: { status: 'degraded' } });
    expect(await add()).toBe(201);
    await nats.start();
    await becomes('up');
    await eventually(async () => (await healthOf(service)).eventBus.waiting === 0);
  });

  it('answers probes in time while the bus hangs', async () => {
    service = await serve({ NATS_URL: nats.url });
    await becomes('up');
    nats.freeze();
    const started = performance.now();
    expect(await healthOf(service, '/health/ready')).toMatchObject({ status: 200, eventBus: { status: 'degraded' } });
    // The publisher itself gives up after two seconds.
    expect(performance.now() - started).toBeLessThan(1500);
  });
});
