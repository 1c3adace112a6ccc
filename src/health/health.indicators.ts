import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import type { HealthIndicatorResult } from '@nestjs/terminus';
import { BASKET_CACHE } from '../basket/persistence/basket-cache.js';
import type { BasketCache } from '../basket/persistence/basket-cache.js';
import { Database } from '../database/database.js';
import { Lifecycle } from '../http/lifecycle.js';

const TIMEOUT_MS = 1000;

/** Each answers for one component; `responseTime` is in milliseconds. */
@Injectable()
export class HealthIndicators {
  constructor(
    private readonly health: HealthIndicatorService,
    private readonly lifecycleOfProcess: Lifecycle,
    private readonly postgres: Database,
    @Inject(BASKET_CACHE) private readonly basketCache: BasketCache | null,
  ) {}

  readonly lifecycle = (): HealthIndicatorResult => {
    const session = this.health.check('lifecycle');
    return this.lifecycleOfProcess.isDraining ? session.down('draining') : session.up();
  };

  readonly database = async (): Promise<HealthIndicatorResult> =>
    await this.health
      .check('database')
      .attempt(async () => {
        await this.postgres.ping(performance.now() + TIMEOUT_MS);
        return { kind: this.postgres.kind };
      })
      .withTimeout(TIMEOUT_MS);

  /** Without a cache the service is slower, not wrong: it stays ready. */
  readonly cache = async (): Promise<HealthIndicatorResult> => {
    const session = this.health.check('cache');
    if (!this.basketCache) return session.up({ kind: 'none' });
    const { kind } = this.basketCache;
    try {
      return session.up({ kind, responseTime: Math.round(await this.basketCache.ping()) });
    } catch {
      return session.degraded({ kind, message: 'No answer: baskets are read from PostgreSQL.' });
    }
  };
}
