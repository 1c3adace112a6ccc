import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestScope, requestContext } from '../request-context.js';
import { openTrace, withinTrace } from '../telemetry/request-trace.js';
import type { Lifecycle } from './lifecycle.js';
import { ProblemError } from './problems.js';
import type { ProblemCode } from './problems.js';
import type { RequestRecords } from './request-records.js';

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
export function addHooks(server: FastifyInstance, records: RequestRecords, lifecycle: Lifecycle): void {
  server.decorateRequest('trace', undefined);
  server.decorateReply('problem', undefined);
  server.addHook('onRoute', ({ config }) => {
    if (config?.operation !== undefined) records.operations.add(config.operation);
  });
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    if (lifecycle.isDraining) reply.header('connection', 'close');
    const trace = (request.trace = openTrace(request));
    const scope = new RequestScope(request.id, trace?.traceparent);
    requestContext.run(scope, () => withinTrace(trace, () => done(withoutHost(request))));
  });
  server.addHook('onResponse', (request, reply, done) => {
    records.record(request, reply);
    done();
  });
}

/** RFC 9112, section 3.2; Node's own refusal is no problem document. */
function withoutHost({ raw }: FastifyRequest): ProblemError | undefined {
  if (raw.headers.host !== undefined || raw.httpVersion !== '1.1') return undefined;
  return new ProblemError('malformed-request', 'HTTP/1.1 requests have a Host header.');
}
