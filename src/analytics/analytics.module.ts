import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../database/database.js';
import { AnalyticsController } from './analytics.controller.js';
import { GetBasketAnalyticsHandler } from './get-basket-analytics.js';
import { RefreshAnalytics } from './refresh-analytics.js';

@Module({
  imports: [CqrsModule],
  controllers: [AnalyticsController],
  providers: [
    GetBasketAnalyticsHandler,
    {
      provide: RefreshAnalytics,
      inject: [Database, CONFIG],
      useFactory: (database: Database, { ANALYTICS_REFRESH_SECONDS }: Config) =>
        new RefreshAnalytics(database, ANALYTICS_REFRESH_SECONDS),
    },
  ],
  exports: [RefreshAnalytics],
})
export class AnalyticsModule {}
