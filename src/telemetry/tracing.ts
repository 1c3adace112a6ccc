export interface Tracing {
  /** Where traces go: an origin, without what may be a secret, or the name of an exporter. */
  readonly target: string;
  /** Sends what is still to be sent, and takes no more. */
  readonly stop: () => Promise<void>;
}

let running: Tracing | undefined;

export const tracingIsOn = (): boolean => running !== undefined;

/**
 * Starts to export traces if the standard variables (OTEL_*) say so: they name an OTLP endpoint or an exporter. The SDK,
 * 10 MB and a quarter of a second, is loaded only then.
 */
export async function startTracing(): Promise<Tracing | undefined> {
  const { env } = process;
  // As the SDK has it, an empty value counts as unset.
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const exporter = env.OTEL_TRACES_EXPORTER || (endpoint ? 'otlp' : 'none');
  if (exporter === 'none' || env.OTEL_SDK_DISABLED === 'true') return undefined;
  // Logs leave by stdout and metrics by METRICS_PORT; the SDK's default sends logs to the endpoint as well.
  env.OTEL_LOGS_EXPORTER ??= 'none';
  if (!env.OTEL_RESOURCE_ATTRIBUTES?.includes('service.name=')) env.OTEL_SERVICE_NAME ??= 'basket';
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({ metricReaders: [], instrumentations: [] });
  sdk.start();
  const target = endpoint && URL.canParse(endpoint) ? new URL(endpoint).origin : exporter;
  running = { target, stop: () => sdk.shutdown() };
  return running;
}
