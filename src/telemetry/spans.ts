import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  context,
  createContextKey,
  trace,
} from '@opentelemetry/api';
import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { NotedSpan } from './noted-span.js';
import { samplerIsAsked, tracingIsOn } from './tracing.js';

// Nothing here has a cost worth naming unless the request at hand is one of those that are recorded.

const tracer = trace.getTracer('basket');

/** Other spans that the next span works for, too. */
const SHARERS = createContextKey('sharers');

/** None where the work is not recorded. */
export type RecordedSpan = Span | undefined;

/** The span of the work at hand, if it is one that will be exported. */
export function recordedSpan(): RecordedSpan {
  if (!tracingIsOn()) return undefined;
  const span = trace.getActiveSpan();
  return span?.isRecording() ? span : undefined;
}

/**
 * A span that begins what this process does for a trace.
 *
 * @param parent of another process, if there is one
 * @returns none where the sampler says that it is not recorded
 */
export function firstSpan(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  parent: Span | undefined,
): NotedSpan | undefined {
  if (!samplerIsAsked()) return !parent || isSampled(parent) ? new NotedSpan(tracer, name, options, parent) : undefined;
  const asked = tracer.startSpan(name, options, parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT);
  return asked.isRecording() ? new NotedSpan(tracer, name, options, parent, asked.spanContext()) : undefined;
}

const isSampled = (span: Span) => (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;

/** Does the work in a span of its own where the request at hand is recorded. */
export function inSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  const parent = recordedSpan();
  return parent ? record(new NotedSpan(tracer, name, {}, parent), work) : work();
}

/** The same for what is asked of a server. @param text the statement, without its values */
export function inStatementSpan<T>(
  system: 'postgresql' | 'redis',
  { name, text }: { readonly name: string; readonly text?: string },
  work: () => Promise<T>,
): Promise<T> {
  const parent = recordedSpan();
  if (!parent) return work();
  const attributes = { 'db.system.name': system, 'db.query.summary': name, 'db.query.text': text };
  return record(new NotedSpan(tracer, `${system} ${name}`, { kind: SpanKind.CLIENT, attributes }, parent), work);
}

/** Does the work in a span, which it ends. */
export async function record<T>(span: Span, work: () => Promise<T>): Promise<T> {
  const active = context.active();
  for (const sharer of sharersIn(active)) {
    span.addLink({ context: sharer.spanContext() });
    sharer.addLink({ context: span.spanContext() });
  }
  try {
    return await context.with(trace.setSpan(active, span).deleteValue(SHARERS), work);
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/**
 * Does work that several requests wait for. Its span is a child of the first of theirs that is recorded, and it and
 * the other recorded ones are linked both ways.
 */
export function inSpanOfAll<T>(spans: readonly RecordedSpan[], work: () => Promise<T>): Promise<T> {
  const [first, ...sharers] = spans.filter((span) => span !== undefined);
  if (first) return context.with(trace.setSpan(ROOT_CONTEXT, first).setValue(SHARERS, sharers), work);
  // This moment may have come about by a request that is recorded and has no part in the work.
  return recordedSpan() ? context.with(ROOT_CONTEXT, work) : work();
}

/** By its code, else by its kind. Messages stay out: they name users, and values that callers sent. */
function fail(span: Span, error: unknown): void {
  const { code, name } = error as { code?: unknown; name?: string };
  const type = typeof code === 'string' ? code : (name ?? 'unknown');
  span.recordException({ name: type });
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

const sharersIn = (active: Context): readonly Span[] => (active.getValue(SHARERS) as Span[] | undefined) ?? [];
