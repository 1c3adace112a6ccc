import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { BasketModule } from '../basket/basket.module.js';
import { EventBusIndicator } from './event-bus.indicator.js';
import { HealthController } from './health.controller.js';
import { HealthIndicators } from './health.indicators.js';

@Module({
  // Terminus would log an error at each probe for as long as a component is down.
  imports: [TerminusModule.forRoot({ logger: false }), BasketModule],
  controllers: [HealthController],
  providers: [HealthIndicators, EventBusIndicator],
})
export class HealthModule {}
