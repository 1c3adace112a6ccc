import { makeSpans } from './noted-span.js';
import { spanIds } from './span-ids.js';

export interface Tracing {
  /** Where traces go: an origin, without what may be a secret, or the name of an exporter. */
  readonly target: string;
  /** Sends what is still to be sent, and takes no more. */
  readonly stop: () => Promise<void>;
}

let running: Tracing | undefined;
let ratio = 1;
let isAsked = false;

export const tracingIsOn = (): boolean => running !== undefined;

/** Whether it is the SDK's sampler that says what is recorded, as it is not one that everybody uses. */
export const samplerIsAsked = (): boolean => isAsked;

/** Whether a request that no trace of a caller comes with begins one. To ask the SDK costs a cached read 4 % of its time. */
export const startsTrace = (): boolean => ratio === 1 || Math.random() < ratio;

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
  // At the SDK's 512 the spans of a busy service live through two scavenges and are promoted: 4 % of its requests a second.
  env.OTEL_BSP_MAX_EXPORT_BATCH_SIZE ??= '128';
  ratio = takeOverRatio(env);
  isAsked = ![undefined, '', 'parentbased_always_on'].includes(env.OTEL_TRACES_SAMPLER);
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({ metricReaders: [], instrumentations: [], idGenerator: spanIds });
  sdk.start();
  const target = endpoint && URL.canParse(endpoint) ? new URL(endpoint).origin : exporter;
  const stop = () => {
    makeSpans();
    return sdk.shutdown();
  };
  running = { target, stop };
  return running;
}

/** Of the sampler that everybody uses. The SDK then records each request that it is asked for; other samplers are left to it. */
function takeOverRatio(env: NodeJS.ProcessEnv): number {
  const share = Number(env.OTEL_TRACES_SAMPLER_ARG || 1);
  if (env.OTEL_TRACES_SAMPLER !== 'parentbased_traceidratio' || !(share >= 0 && share <= 1)) return 1;
  env.OTEL_TRACES_SAMPLER = 'parentbased_always_on';
  return share;
}
