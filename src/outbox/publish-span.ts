import { ROOT_CONTEXT, SpanKind, propagation, trace } from '@opentelemetry/api';
import { record } from '../telemetry/spans.js';
import { traceparentOf } from '../telemetry/request-trace.js';
import type { Message } from './cloud-event.js';

const tracer = trace.getTracer('basket');

/**
 * Publishes in a span of the trace that the event's request belongs to, linked with that request, which has ended by now.
 *
 * @param publish gets the trace context for the header `traceparent` of the message, if there is one
 */
export function inPublishSpan(
  { subject, event, traceparent }: Message,
  system: string,
  publish: (traceparent: string | undefined) => Promise<void>,
): Promise<void> {
  if (traceparent === undefined) return publish(undefined);
  const origin = propagation.extract(ROOT_CONTEXT, { traceparent });
  const request = trace.getSpanContext(origin);
  // Without tracing in this process the context goes on as it came.
  if (!request) return publish(traceparent);
  const span = tracer.startSpan(
    `publish ${event.type}`,
    {
      kind: SpanKind.PRODUCER,
      links: [{ context: request }],
      attributes: {
        'messaging.system': system,
        'messaging.operation.type': 'send',
        // The subject names no user: a bucket and the type of the event.
        'messaging.destination.name': subject,
        'messaging.message.id': event.id,
      },
    },
    origin,
  );
  return record(span, () => publish(traceparentOf(span.spanContext())));
}
