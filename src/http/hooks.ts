import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { requestContext, traceIdOf } from '../request-context.js';
import type { Operations } from '../telemetry/operations.js';
import { closeTrace, openTrace, withinTrace } from '../telemetry/request-trace.js';
import type { Lifecycle } from './lifecycle.js';
import { ProblemError } from './problems.js';
import type { ProblemCode } from './problems.js';

declare module 'fastify' {
  interface FastifyReply {
    /** Of the problem document that it carries. */
    problem: ProblemCode | undefined;
  }
  interface FastifyContextConfig {
    /** The operationId of the contract; none for what is not part of it. */
    operation?: string;
  }
}

/** What every request gets: its id, its context and trace; and, when it was answered, its line in the log and its place in the metrics. */
export function addHooks(server: FastifyInstance, logger: Logger, operations: Operations, lifecycle: Lifecycle): void {
  server.decorateRequest('trace', undefined);
  server.decorateReply('problem', undefined);
  server.addHook('onRoute', ({ config }) => {
    if (config?.operation !== undefined) operations.add(config.operation);
  });
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    if (lifecycle.isDraining) reply.header('connection', 'close');
    const trace = (request.trace = openTrace(request));
    const about = trace ? { requestId: request.id, traceparent: trace.traceparent } : { requestId: request.id };
    requestContext.run(about, () => withinTrace(trace, () => done(withoutHost(request))));
  });
  server.addHook('onResponse', (request, reply, done) => {
    recordRequest(logger, operations, request, reply);
    done();
  });
}

/** RFC 9112, section 3.2; Node's own refusal is no problem document. */
function withoutHost({ raw }: FastifyRequest): ProblemError | undefined {
  if (raw.headers.host !== undefined || raw.httpVersion !== '1.1') return undefined;
  return new ProblemError('malformed-request', 'HTTP/1.1 requests have a Host header.');
}

/** What is left of a request. The route is as it is declared, not the path: that holds a user's name. */
export function recordRequest(
  logger: Logger,
  operations: Operations,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { id: requestId, method, trace } = request;
  const { url: route = 'none', config } = request.routeOptions;
  const { statusCode: status, elapsedTime, problem } = reply;
  operations.record(config.operation, status, elapsedTime / 1000, problem);
  closeTrace(request, status, problem);
  const durationMs = Math.round(elapsedTime * 1000) / 1000;
  const line = { requestId, method, route, status, durationMs };
  logger.info(trace ? { ...line, traceId: traceIdOf(trace.traceparent) } : line, 'request');
}
