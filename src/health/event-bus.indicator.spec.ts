import { HealthIndicatorService } from '@nestjs/terminus';
import type { Lag, Outbox } from '../outbox/outbox.js';
import { InProcessPublisher } from '../outbox/in-process.publisher.js';
import { EventBusIndicator } from './event-bus.indicator.js';

const NOTHING: Lag = { events: 0, parked: 0, seconds: 0 };

describe('The event bus in the health checks', () => {
  const healthOf = async (lag: () => Promise<Lag>, ping = () => Promise.resolve()) => {
    const publisher = new InProcessPublisher();
    publisher.ping = ping;
    const indicator = new EventBusIndicator(
      new HealthIndicatorService(),
      { lag } as Partial<Outbox> as Outbox,
      publisher,
    );
    return (await indicator.eventBus()).eventBus;
  };

  it('is up while nothing is late, and says how much waits for how long', async () => {
    expect(await healthOf(() => Promise.resolve({ events: 7, parked: 0, seconds: 1.26 }))).toEqual({
      status: 'up',
      kind: 'in-process',
      waiting: 7,
      parked: 0,
      lagSeconds: 1.3,
    });
  });

  it.each([
    ['events are parked', { events: 2, parked: 1, seconds: 5 }, /parked/],
    ['events are late', { events: 2, parked: 0, seconds: 61 }, /late/],
  ])('is degraded when %s', async (_, lag, message) => {
    expect(await healthOf(() => Promise.resolve(lag))).toMatchObject({
      status: 'degraded',
      message: expect.stringMatching(message) as string,
    });
  });

  it('is degraded when the bus does not answer', async () => {
    const refuse = () => Promise.reject(new Error('away'));
    expect(await healthOf(() => Promise.resolve(NOTHING), refuse)).toMatchObject({ status: 'degraded', waiting: 0 });
  });

  it('is degraded, and that in time, when the bus hangs', async () => {
    const started = performance.now();
    const hang = () => new Promise<void>(() => undefined);
    expect(await healthOf(() => Promise.resolve(NOTHING), hang)).toMatchObject({ status: 'degraded' });
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it('is degraded when it cannot be told how much waits', async () => {
    const health = await healthOf(() => Promise.reject(new Error('The database is away.')));
    expect(health).toMatchObject({ status: 'degraded', kind: 'in-process' });
    expect(health).not.toHaveProperty('waiting');
  });
});
