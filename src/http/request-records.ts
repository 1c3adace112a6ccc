import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { traceIdOf } from '../request-context.js';
import type { Operations } from '../telemetry/operations.js';
import { closeTrace } from '../telemetry/request-trace.js';
import type { Declared } from './declared.js';

/** What is left of requests: a line in the log, a place in the metrics, the end of a span. */
export class RequestRecords {
  /** By route and method, which are part of each line and need not be made JSON for each; nor need a key be made of the two. */
  private readonly loggers = new Map<string, Map<string, Logger>>();

  constructor(
    private readonly logger: Logger,
    readonly operations: Operations,
  ) {}

  /** The route is as it is declared, not the path: that holds a user's name. */
  record(request: FastifyRequest, reply: FastifyReply): void {
    const { id: requestId, method, trace } = request;
    // The router's own refusals come before any hook.
    const { url: route = 'none', operation } = (request.declared as Declared | null) ?? request.routeOptions.config;
    const { statusCode: status, elapsedTime, problem } = reply;
    this.operations.record(operation, status, elapsedTime / 1000, problem);
    closeTrace(request, status, problem);
    const line = { requestId, status, durationMs: Math.round(elapsedTime * 1000) / 1000 };
    const logger = this.loggerOf(method, route);
    logger.info(trace ? { ...line, traceId: traceIdOf(trace.traceparent) } : line, 'request');
  }

  private loggerOf(method: string, route: string): Logger {
    const ofRoute = this.loggers.get(route) ?? new Map<string, Logger>();
    let logger = ofRoute.get(method);
    if (!logger) {
      logger = this.logger.child({ method, route });
      this.loggers.set(route, ofRoute.set(method, logger));
    }
    return logger;
  }
}
