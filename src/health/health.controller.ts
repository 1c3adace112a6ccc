import { Catch, Controller, Get, Header, ServiceUnavailableException, UseFilters } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheckService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
import { EventBusIndicator } from './event-bus.indicator.js';
import { HealthOperation } from './health.dto.js';
import { HealthIndicators } from './health.indicators.js';

/** Probes expect the Terminus shape, not a problem document. */
@Catch(ServiceUnavailableException)
class UnhealthyFilter implements ExceptionFilter<ServiceUnavailableException> {
  catch(error: ServiceUnavailableException, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<FastifyReply>().code(503).send(error.getResponse());
  }
}

@ApiTags('health')
@Controller('health')
@UseFilters(UnhealthyFilter)
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicators,
    private readonly bus: EventBusIndicator,
  ) {}

  @Get()
  @Header('cache-control', 'no-store')
  @HealthOperation(
    'getHealth',
    'Every component',
    'The state and latency of each. 503 when one that is needed is down.',
  )
  all(): Promise<HealthCheckResult> {
    return this.check();
  }

  @Get('live')
  @Header('cache-control', 'no-store')
  @HealthOperation(
    'getLiveness',
    'The process runs',
    'It asks no other component, so that no outage elsewhere restarts this process.',
  )
  live(): HealthCheckResult {
    return { status: 'ok', info: {}, error: {}, details: {} };
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  @HealthOperation(
    'getReadiness',
    'Requests can be served',
    '503 when PostgreSQL does not answer or the process is draining. Without its cache or its event bus the service is degraded, and ready.',
  )
  ready(): Promise<HealthCheckResult> {
    return this.check();
  }

  private check(): Promise<HealthCheckResult> {
    const { lifecycle, database, cache } = this.indicators;
    return this.health.check([lifecycle, database, cache, this.bus.eventBus]);
  }
}
