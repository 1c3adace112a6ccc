import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { Logger } from 'pino';
import { AnalyticsModule } from './analytics/analytics.module.js';
import { RefreshAnalytics } from './analytics/refresh-analytics.js';
import { AbandonIdleBaskets } from './basket/abandon-idle-baskets.js';
import { BasketModule } from './basket/basket.module.js';
import { CONFIG } from './config.js';
import type { Config } from './config.js';
import { DatabaseModule } from './database/database.module.js';
import type { BasketDataSource } from './database/data-source.js';
import { HealthModule } from './health/health.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { OutboxModule } from './outbox/outbox.module.js';
import { Lifecycle } from './http/lifecycle.js';
import type { Operations } from './telemetry/operations.js';
import { TelemetryModule } from './telemetry/telemetry.module.js';
import { UserDataModule } from './user-data/user-data.module.js';

export interface Parts {
  readonly config: Config;
  readonly logger: Logger;
  readonly operations: Operations;
  readonly createDataSource: (config: Config) => Promise<BasketDataSource>;
}

@Global()
@Module({ providers: [Lifecycle], exports: [Lifecycle] })
export class AppModule {
  static forRoot({ config, logger, operations, createDataSource }: Parts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // Request lines are written by a hook of ours (http/hooks.ts); pino-http would make a logger for each request.
        LoggerModule.forRoot({ pinoHttp: { logger }, forRoutes: [] }),
        DatabaseModule.forRoot(createDataSource),
        BasketModule,
        OutboxModule.forRoot({ imports: [BasketModule] }),
        JobsModule.forRoot([AbandonIdleBaskets, RefreshAnalytics], [BasketModule, AnalyticsModule]),
        UserDataModule,
        HealthModule,
        TelemetryModule.forRoot(operations),
      ],
      providers: [{ provide: CONFIG, useValue: config }],
      exports: [CONFIG],
    };
  }
}
