import { ROOT_CONTEXT, SpanKind, propagation, trace } from '@opentelemetry/api';
import { firstSpan, record } from '../telemetry/spans.js';
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
  const request = trace.getSpan(propagation.extract(ROOT_CONTEXT, { traceparent }));
  const span =
    request &&
    firstSpan(
      tracer,
      `publish ${event.type}`,
      {
        kind: SpanKind.PRODUCER,
        links: [{ context: request.spanContext() }],
        attributes: {
          'messaging.system': system,
          'messaging.operation.type': 'send',
          // The subject names no user: a bucket and the type of the event.
          'messaging.destination.name': subject,
          'messaging.message.id': event.id,
        },
      },
      request,
    );
  // Where it is not recorded the context goes on as it came.
  if (!span) return publish(traceparent);
  return record(span, () => publish(traceparentOf(span.spanContext())));
}
