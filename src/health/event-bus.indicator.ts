import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { Outbox } from '../outbox/outbox.js';
import { Publisher } from '../outbox/publisher.js';

/** Shorter than a probe's own patience: a bus that hangs must not make the service look dead. */
const PATIENCE_MS = 400;
const LATE_SECONDS = 60;

/** Events wait in the outbox for as long as nothing takes them: without its bus the service is behind, not unready. */
@Injectable()
export class EventBusIndicator {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly outbox: Outbox,
    private readonly publisher: Publisher,
  ) {}

  readonly eventBus = async (): Promise<HealthIndicatorResult> => {
    const session = this.health.check('eventBus');
    const [bus, outbox] = await Promise.allSettled([
      inTime(this.publisher.ping()),
      this.outbox.lag(performance.now() + PATIENCE_MS),
    ]);
    const lag = outbox.status === 'fulfilled' ? outbox.value : undefined;
    const about = {
      kind: this.publisher.kind,
      ...(lag && { waiting: lag.events, parked: lag.parked, lagSeconds: Math.round(lag.seconds * 10) / 10 }),
    };
    if (bus.status === 'rejected')
      return session.degraded({ ...about, message: 'No answer: events wait in the outbox.' });
    if (!lag) return session.degraded({ ...about, message: 'It cannot be told how many events wait.' });
    if (lag.parked > 0)
      return session.degraded({ ...about, message: 'Events are parked, and their baskets wait: see docs/events.md.' });
    if (lag.seconds > LATE_SECONDS) return session.degraded({ ...about, message: 'Events are published late.' });
    return session.up(about);
  };
}

async function inTime(answer: Promise<void>): Promise<void> {
  const late = setTimeout(PATIENCE_MS, undefined, { ref: false }).then(() => {
    throw new Error('late');
  });
  await Promise.race([answer, late]);
}
