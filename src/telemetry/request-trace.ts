import { ROOT_CONTEXT, SpanKind, SpanStatusCode, context, propagation, trace } from '@opentelemetry/api';
import type { Span, SpanContext } from '@opentelemetry/api';
import type { FastifyRequest } from 'fastify';
import { firstSpan } from './spans.js';
import { startsTrace, tracingIsOn } from './tracing.js';

/** Where a request stands in a trace, its caller's or one of its own. */
export interface RequestTrace {
  /** W3C Trace Context; goes into the metadata of events, and on with their messages. */
  readonly traceparent: string;
  /** Of requests that are recorded. */
  readonly span?: Span;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the first hook, where there is a trace. */
    trace: RequestTrace | undefined;
  }
}

const tracer = trace.getTracer('basket');

const TRACEPARENT = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;
/** Probes come for ever and tell nothing. */
const UNTRACED = /^\/health\b/;

/** Starts the span of a request where it is to be recorded. Without tracing a caller's trace is carried on, all the same. */
export function openTrace(request: FastifyRequest): RequestTrace | undefined {
  return (tracingIsOn() ? startSpan(request) : undefined) ?? givenTrace(request);
}

/** @param problem the code of the refusal, if it was one */
export function closeTrace(request: FastifyRequest, status: number, problem: string | undefined): void {
  const span = request.trace?.span;
  if (!span) return;
  span.setAttribute('http.response.status_code', status);
  if (problem !== undefined) span.setAttribute('error.type', problem);
  // By the conventions for servers a refusal is the caller's error, not ours.
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** Does what is to be done within the span of the request. */
export function withinTrace(requestTrace: RequestTrace | undefined, work: () => void): void {
  const span = requestTrace?.span;
  if (span) context.with(trace.setSpan(ROOT_CONTEXT, span), work);
  else work();
}

function startSpan({ method, declared: { url }, headers }: FastifyRequest): RequestTrace | undefined {
  if (url !== undefined && UNTRACED.test(url)) return undefined;
  if (!propagation.fields().some((name) => name in headers) && !startsTrace()) return undefined;
  const name = url === undefined ? method : `${method} ${url}`;
  const parent = trace.getSpan(propagation.extract(ROOT_CONTEXT, headers));
  const attributes = { 'http.request.method': method, 'http.route': url ?? 'none' };
  const span = firstSpan(tracer, name, { kind: SpanKind.SERVER, attributes }, parent);
  return span && { traceparent: traceparentOf(span.spanContext()), span };
}

function givenTrace({ headers: { traceparent } }: FastifyRequest): RequestTrace | undefined {
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? { traceparent } : undefined;
}

export const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
