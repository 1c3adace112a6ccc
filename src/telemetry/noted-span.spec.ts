import { setTimeout } from 'node:timers/promises';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { eventually } from '../../test/support/eventually.js';
import { OtlpReceiver } from '../../test/support/otlp-receiver.js';
import { CLIENT, ERROR, spanOf } from '../../test/support/traces.js';
import { NotedSpan } from './noted-span.js';
import { startTracing } from './tracing.js';
import type { Tracing } from './tracing.js';

const tracer = trace.getTracer('test');
const REMOTE = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  traceFlags: 1,
  isRemote: true,
};

describe('A noted span', () => {
  let receiver: OtlpReceiver;
  let tracing: Tracing | undefined;
  const before = process.env;

  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    process.env = { ...before, ...receiver.env };
    tracing = await startTracing();
  });
  afterAll(async () => {
    process.env = before;
    await tracing?.stop();
    await receiver[Symbol.asyncDispose]();
  });

  const exported = async (...spans: readonly NotedSpan[]) => {
    const ids = spans.map((span) => span.spanContext().spanId);
    await eventually(() => ids.every((id) => receiver.spans.some(({ spanId }) => spanId === id)));
    return receiver.spans.filter(({ spanId }) => ids.includes(spanId));
  };

  it('is exported with its own times, whenever it is made', async () => {
    const start = Date.now();
    const span = new NotedSpan(tracer, 'timed', {}, undefined);
    await setTimeout(50);
    span.recordException({ name: 'refused' });
    await setTimeout(50);
    span.end();
    const end = Date.now();
    await exported(span);
    const body = receiver.bodies.map((one) => one.body.toString()).find((text) => text.includes('"timed"')) ?? '';
    const times = [...body.matchAll(/UnixNano":"(\d+)"/g)].map(([, nanoseconds]) => Number(nanoseconds) / 1e6);
    const [started = 0, happened = 0, ended = 0] = times.sort((a, b) => a - b);
    // Clocks of the operating system and of V8 are a few milliseconds apart.
    expect(started).toBeGreaterThan(start - 20);
    expect(happened - started).toBeGreaterThan(45);
    expect(ended - happened).toBeGreaterThan(45);
    expect(ended).toBeLessThan(end + 20);
  });

  it('has all that was said of it until its end, and nothing of what was said later', async () => {
    const linked = new NotedSpan(tracer, 'linked', {}, undefined);
    const span = new NotedSpan(tracer, 'first name', { kind: SpanKind.CLIENT, attributes: { early: 1 } }, undefined);
    span.setAttribute('one', 'a').setAttributes({ two: 2, three: true });
    span.addLink({ context: linked.spanContext() }).addLinks([{ context: REMOTE }]);
    span.addEvent('happened', { what: 'this' }).updateName('said').setStatus({ code: SpanStatusCode.ERROR });
    span.recordException({ name: 'refused' });
    expect(span.isRecording()).toBe(true);
    span.end();
    expect(span.isRecording()).toBe(false);
    span.setAttribute('late', true).updateName('late').setStatus({ code: SpanStatusCode.OK });
    span.end();
    expect(await exported(span)).toEqual([
      expect.objectContaining({
        name: 'said',
        kind: CLIENT,
        attributes: { early: expect.anything() as unknown, one: 'a', two: expect.anything() as unknown, three: true },
        links: [linked.spanContext().spanId, REMOTE.spanId],
        exceptions: ['refused'],
        status: { code: ERROR },
      }),
    ]);
    const text = receiver.bodies.map(({ body }) => body.toString()).join();
    expect(text).toContain('happened');
  });

  it('has the ids that were told before it was made, and belongs to its parent', async () => {
    const root = new NotedSpan(tracer, 'root', {}, trace.wrapSpanContext(REMOTE));
    const child = new NotedSpan(tracer, 'child', {}, root);
    const told = child.spanContext();
    const given = { traceId: REMOTE.traceId, spanId: '1234567890abcdef', traceFlags: 1 };
    const asked = new NotedSpan(tracer, 'asked', {}, root, given);
    for (const span of [child, asked, root]) span.end();
    const spans = await exported(root, child, asked);
    const { spanId } = root.spanContext();
    expect(spanOf(spans, 'root')).toMatchObject({ traceId: REMOTE.traceId, parentSpanId: REMOTE.spanId, spanId });
    expect(spanOf(spans, 'child')).toMatchObject({
      traceId: REMOTE.traceId,
      parentSpanId: spanId,
      spanId: told.spanId,
    });
    expect(spanOf(spans, 'asked')).toMatchObject({
      traceId: given.traceId,
      spanId: given.spanId,
      parentSpanId: spanId,
    });
  });

  it('begins a trace of its own without a parent', async () => {
    const spans = Array.from({ length: 600 }, () => new NotedSpan(tracer, 'alone', {}, undefined));
    for (const span of spans) span.end();
    const ids = spans.map((span) => span.spanContext());
    expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(600);
    expect(new Set(ids.map(({ spanId }) => spanId)).size).toBe(600);
    for (const context of ids) expect(trace.isSpanContextValid(context)).toBe(true);
    expect((await exported(...spans)).map(({ parentSpanId }) => parentSpanId)).toEqual(spans.map(() => undefined));
  });

  it('passes on the state of its trace', () => {
    const traceState = { get: () => undefined, serialize: () => 'a=1' } as never;
    const root = new NotedSpan(tracer, 'root', {}, trace.wrapSpanContext({ ...REMOTE, traceState }));
    expect(new NotedSpan(tracer, 'child', {}, root).spanContext()).toMatchObject({ traceState });
  });

  it('is not left behind by a stop', async () => {
    const span = new NotedSpan(tracer, 'last', {}, undefined);
    span.end();
    await tracing?.stop();
    tracing = undefined;
    expect(receiver.spans.map(({ spanId }) => spanId)).toContain(span.spanContext().spanId);
  });
});
