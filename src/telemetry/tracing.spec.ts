import { startTracing, tracingIsOn } from './tracing.js';

describe('Tracing', () => {
  const before = process.env;
  afterEach(() => {
    process.env = before;
  });

  it.each<[string, Record<string, string>]>([
    ['no endpoint is named', {}],
    ['the endpoint is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['the exporter is none', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' }],
    ['the SDK is disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
  ])('is off when %s', async (_, env) => {
    process.env = env;
    expect(await startTracing()).toBeUndefined();
    expect(tracingIsOn()).toBe(false);
  });
});
