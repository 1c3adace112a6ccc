import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Env } from './service-process.js';

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** As OTLP has it in JSON. */
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes?: readonly Attribute[];
  readonly status?: { readonly code?: number };
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly Attribute[] }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

export interface ReceivedSpan extends Omit<WireSpan, 'attributes' | 'links' | 'events'> {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The ids of spans that it is linked with. */
  readonly links: readonly string[];
  /** What was recorded with `recordException`: the types. */
  readonly exceptions: readonly unknown[];
}

interface ExportRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[] }[];
}

/** A collector that takes OTLP over HTTP, JSON or protobuf, and keeps what it got. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** All that came, as it came. */
  readonly bodies: { readonly path: string; readonly type: string; readonly body: Buffer }[] = [];

  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.take(request.url ?? '', request.headers['content-type'] ?? '', Buffer.concat(chunks));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  /** What makes a service export to it, in JSON and at once. */
  get env(): Env {
    const { port } = this.server.address() as AddressInfo;
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    };
  }

  ofTrace(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private take(path: string, type: string, body: Buffer): void {
    this.bodies.push({ path, type, body });
    if (type !== 'application/json' || path !== '/v1/traces') return;
    const { resourceSpans } = JSON.parse(body.toString()) as ExportRequest;
    for (const { scopeSpans } of resourceSpans)
      for (const { spans } of scopeSpans) this.spans.push(...spans.map(readSpan));
  }
}

function readSpan({ attributes = [], links = [], events = [], ...span }: WireSpan): ReceivedSpan {
  const exceptions = events
    .filter(({ name }) => name === 'exception')
    .map((event) => valuesOf(event.attributes ?? [])['exception.type']);
  return { ...span, attributes: valuesOf(attributes), links: links.map(({ spanId }) => spanId), exceptions };
}

const valuesOf = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** The names of spans, each two spaces further in than its parent's, children as they stand in the list. */
export function treeOf(spans: readonly ReceivedSpan[], parent?: string, depth = 0): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const isRoot = ({ parentSpanId }: ReceivedSpan) => parentSpanId === undefined || !ids.has(parentSpanId);
  return spans
    .filter((span) => (parent === undefined ? isRoot(span) : span.parentSpanId === parent))
    .flatMap((span) => [`${'  '.repeat(depth)}${span.name}`, ...treeOf(spans, span.spanId, depth + 1)]);
}
