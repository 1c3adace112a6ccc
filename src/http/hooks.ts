import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { requestContext } from '../request-context.js';
import type { Lifecycle } from './lifecycle.js';
import { ProblemError } from './problems.js';

/** What every request gets: its id, its context, and one line in the log when it was answered. */
export function addHooks(server: FastifyInstance, logger: Logger, lifecycle: Lifecycle): void {
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    if (lifecycle.isDraining) reply.header('connection', 'close');
    requestContext.run({ requestId: request.id }, () => done(withoutHost(request)));
  });
  server.addHook('onResponse', (request, reply, done) => {
    logRequest(logger, request, reply);
    done();
  });
}

/** RFC 9112, section 3.2; Node's own refusal is no problem document. */
function withoutHost({ raw }: FastifyRequest): ProblemError | undefined {
  if (raw.headers.host !== undefined || raw.httpVersion !== '1.1') return undefined;
  return new ProblemError('malformed-request', 'HTTP/1.1 requests have a Host header.');
}

/** The route as it is declared, not the path: that holds a user's name. */
export function logRequest(logger: Logger, request: FastifyRequest, reply: FastifyReply): void {
  logger.info(
    {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
    },
    'request',
  );
}
