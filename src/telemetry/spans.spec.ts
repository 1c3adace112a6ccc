import { trace } from '@opentelemetry/api';
import { firstSpan } from './spans.js';
import { startTracing } from './tracing.js';

const tracer = trace.getTracer('test');
const sampled = trace.wrapSpanContext({
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: 1,
});

describe('A first span', () => {
  const before = process.env;
  afterAll(() => {
    process.env = before;
  });

  it('is allowed by the sampler, where that is not one that everybody uses', async () => {
    // The default samples what the caller does.
    expect(firstSpan(tracer, 'request', {}, sampled)).toBeDefined();
    process.env = { ...before, OTEL_TRACES_EXPORTER: 'console', OTEL_TRACES_SAMPLER: 'always_off' };
    const tracing = await startTracing();
    expect(firstSpan(tracer, 'request', {}, sampled)).toBeUndefined();
    await tracing?.stop();
  });
});
