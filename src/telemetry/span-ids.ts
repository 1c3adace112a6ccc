import { randomFillSync } from 'node:crypto';
import type { SpanContext } from '@opentelemetry/api';

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;
const random = Buffer.allocUnsafe(4096);
let used = random.length;

/** Random, in hexadecimal digits. */
function newId(bytes: number): string {
  if (used + bytes > random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += bytes;
  return random.toString('hex', used - bytes, used);
}

export const newTraceId = (): string => newId(TRACE_BYTES);
export const newSpanId = (): string => newId(SPAN_BYTES);

let given: SpanContext | undefined;

/** The span that is started meanwhile has these. */
export function withIds<T>(ids: SpanContext, start: () => T): T {
  given = ids;
  try {
    return start();
  } finally {
    given = undefined;
  }
}

/** For the SDK. */
export const spanIds = {
  generateTraceId: (): string => given?.traceId ?? newTraceId(),
  generateSpanId: (): string => given?.spanId ?? newSpanId(),
};
