import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type {
  Attributes,
  AnyValue,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanOptions,
  SpanStatus,
  TimeInput,
  Tracer,
} from '@opentelemetry/api';
import { newSpanId, newTraceId, withIds } from './span-ids.js';

/** So many are made at once. */
const MOST = 128;
/** A span is made this many milliseconds after its end, at the latest. */
const LATEST_MS = 200;

let notes: NotedSpan[] = [];
let timer: NodeJS.Timeout | undefined;

/**
 * A recorded span as the API has it, which takes down what is said of it, and when. The SDK makes its span of that later, of
 * many at once: code that runs for one request in twenty finds nothing of itself in the caches of the processor, and took
 * four times as long (docs/adr/0019-noted-spans.md).
 */
export class NotedSpan implements Span {
  private readonly started = performance.now();
  private ended = 0;
  private details: ((span: Span) => unknown)[] | undefined;

  /** @param ids where they are known already; else they are made when somebody asks */
  constructor(
    private readonly tracer: Tracer,
    private readonly name: string,
    private readonly options: SpanOptions,
    private readonly parent: Span | undefined,
    private ids?: SpanContext,
  ) {}

  spanContext(): SpanContext {
    return (this.ids ??= this.newIds());
  }

  private newIds(): SpanContext {
    const { traceId = newTraceId(), traceState } = this.parent?.spanContext() ?? {};
    return { traceId, spanId: newSpanId(), traceFlags: TraceFlags.SAMPLED, ...(traceState && { traceState }) };
  }

  isRecording(): boolean {
    return this.ended === 0;
  }

  setAttribute(key: string, value: AnyValue): this {
    return this.note((span) => span.setAttribute(key, value));
  }

  setAttributes(attributes: Attributes): this {
    return this.note((span) => span.setAttributes(attributes));
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time: TimeInput = performance.now()): this {
    return this.note((span) => span.addEvent(name, attributesOrTime, time));
  }

  addLink(link: Link): this {
    return this.note((span) => span.addLink(link));
  }

  addLinks(links: Link[]): this {
    return this.note((span) => span.addLinks(links));
  }

  setStatus(status: SpanStatus): this {
    return this.note((span) => span.setStatus(status));
  }

  updateName(name: string): this {
    return this.note((span) => span.updateName(name));
  }

  recordException(exception: Exception, time: TimeInput = performance.now()): void {
    this.note((span) => {
      span.recordException(exception, time);
    });
  }

  end(): void {
    if (this.ended !== 0) return;
    this.ended = performance.now();
    if (notes.push(this) >= MOST) makeSpans();
    else timer ??= setTimeout(makeSpans, LATEST_MS).unref();
  }

  /** Has the SDK make the span, with the times that were noted. */
  make(): void {
    const parent = this.parent ? trace.setSpan(ROOT_CONTEXT, this.parent) : ROOT_CONTEXT;
    const options = { ...this.options, startTime: this.started };
    const span = withIds(this.spanContext(), () => this.tracer.startSpan(this.name, options, parent));
    for (const tell of this.details ?? []) tell(span);
    span.end(this.ended);
  }

  private note(detail: (span: Span) => unknown): this {
    if (this.ended === 0) (this.details ??= []).push(detail);
    return this;
  }
}

/** Makes the spans that have ended. */
export function makeSpans(): void {
  clearTimeout(timer);
  timer = undefined;
  const ended = notes;
  notes = [];
  for (const span of ended) span.make();
}
