import { Logger } from '@nestjs/common';
import type { Job } from '../jobs/jobs.js';
import type { BasketRepository } from './basket.repository.js';
import { abandon } from './domain/abandonment.js';
import { BasketError } from './domain/basket.errors.js';
import type { BasketInUse, IdleBaskets } from './persistence/idle-baskets.js';

const EVERY_MS = 60_000;
const BATCH = 100;
const STATEMENT_MS = 5000;
const HOUR_MS = 3_600_000;

/**
 * Abandons the baskets that nobody has changed for long, a batch at a time. What was done needs no doing again, so a run
 * that is cut short is resumed by starting another. Each basket goes the way of every write: a shopper who was faster
 * is seen by the guard of the version, and the decision that is then taken again finds nothing to do.
 */
export class AbandonIdleBaskets implements Job {
  readonly name = 'abandon-idle-baskets';
  readonly everyMs: number;
  private readonly logger = new Logger(AbandonIdleBaskets.name);

  /** @param afterHours without a change; 0: never */
  constructor(
    private readonly idle: IdleBaskets,
    private readonly baskets: BasketRepository,
    private readonly afterHours: number,
    private readonly now = (): number => Date.now(),
  ) {
    this.everyMs = afterHours === 0 ? 0 : EVERY_MS;
  }

  /** @throws Error the first failure, after every other basket had its turn */
  async run(signal: AbortSignal): Promise<void> {
    const since = new Date(this.now() - this.afterHours * HOUR_MS).toISOString();
    let abandoned = 0;
    const failures: unknown[] = [];
    let last: BasketInUse | undefined;
    do {
      const batch = await this.idle.next(since, last, BATCH, performance.now() + STATEMENT_MS);
      const idle = batch.filter(({ isIdle }) => isIdle);
      const outcomes = await Promise.allSettled(idle.map(({ userName }) => this.abandon(userName, since)));
      abandoned += outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length;
      for (const outcome of outcomes) if (outcome.status === 'rejected') failures.push(outcome.reason);
      last = batch.length === BATCH ? batch.at(-1) : undefined;
    } while (last && !signal.aborted);
    if (abandoned > 0) this.logger.log(`Baskets abandoned: ${abandoned}`);
    if (failures.length > 0) throw failures[0];
  }

  /** @returns whether it was not changed meanwhile */
  private async abandon(userName: string, since: string): Promise<boolean> {
    try {
      const { events } = await this.baskets.update(userName, (basket) => abandon(basket, since));
      return events.length > 0;
    } catch (error) {
      // Its shopper is there, and busy.
      if (error instanceof BasketError) return false;
      throw error;
    }
  }
}
