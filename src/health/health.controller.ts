import { Catch, Controller, Get, Header, ServiceUnavailableException, UseFilters } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import type { FastifyReply } from 'fastify';
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
  ) {}

  @Get()
  @HealthCheck()
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'getHealth', summary: 'Every component, its state and its latency' })
  all(): Promise<HealthCheckResult> {
    return this.check();
  }

  @Get('live')
  @HealthCheck()
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'getLiveness',
    summary: 'The process runs',
    description: 'It asks no other component, so that no outage elsewhere restarts this process.',
  })
  live(): HealthCheckResult {
    return { status: 'ok', info: {}, error: {}, details: {} };
  }

  @Get('ready')
  @HealthCheck()
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'Requests can be served',
    description:
      '503 when PostgreSQL does not answer or the process is draining. A missing cache is `degraded`, and ready.',
  })
  ready(): Promise<HealthCheckResult> {
    return this.check();
  }

  private check(): Promise<HealthCheckResult> {
    const { lifecycle, database, cache } = this.indicators;
    return this.health.check([lifecycle, database, cache]);
  }
}
