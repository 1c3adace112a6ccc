import { Controller, Get } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '../http/openapi.js';
import { BasketAnalyticsView } from './analytics.dto.js';
import { PeriodOf, PeriodParameters } from './analytics.parameters.js';
import { GetBasketAnalytics } from './get-basket-analytics.js';
import type { Period } from './period.js';

/** Figures of all shoppers: for administrators only. */
@ApiTags('analytics')
@Controller('analytics')
export class AnalyticsController {
  constructor(private readonly queries: QueryBus) {}

  @Get('baskets')
  @Operation({
    id: 'getBasketAnalytics',
    access: 'admin',
    summary: 'Read what became of the baskets of each day',
    description: 'A row a day and currency, as of `refreshedAt`.',
    answers: { 200: { description: 'The figures.', body: BasketAnalyticsView } },
    refusals: [],
  })
  @PeriodParameters()
  getBasketAnalytics(@PeriodOf() period: Period) {
    return this.queries.execute(new GetBasketAnalytics(period));
  }
}
