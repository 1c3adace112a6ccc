import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { OtlpReceiver, treeOf } from '../support/otlp-receiver.js';
import { ServiceProcess } from '../support/service-process.js';
import { addition, basketOf, replacement, someItem } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import { SERVER, someTrace, start } from '../support/traces.js';

jest.setTimeout(180_000);

describe('Traces are exported', () => {
  it('not when no endpoint is named', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: '' };
    await using receiver = await OtlpReceiver.start();
    await using storage = await createStorage();
    await using service = await start(receiver, storage, env);
    const { traceId, headers } = someTrace();
    await service.api.post(`${basketOf(randomUUID())}/items`, addition(), headers);
    await setTimeout(200);
    await service.end();
    expect(receiver.bodies).toEqual([]);
    expect(service.log).toContainEqual(expect.objectContaining({ msg: 'request', traceId }));
    expect(service.log.map(({ msg }) => msg).join('\n')).toMatch(/; traces not exported$/m);
  });

  it('in protobuf by default, and nothing but traces', async () => {
    await using receiver = await OtlpReceiver.start();
    await using storage = await createStorage();
    const { OTEL_EXPORTER_OTLP_PROTOCOL: _, ...env } = receiver.env;
    await using service = await ServiceProcess.start({ ...storage.env, ...env });
    const { traceId, headers } = someTrace();
    await service.api.post(`${basketOf(randomUUID())}/items`, addition(), headers);
    await service.end();
    expect(new Set(receiver.bodies.map(({ path, type }) => `${path} ${type}`))).toEqual(
      new Set(['/v1/traces application/x-protobuf']),
    );
    const sent = Buffer.concat(receiver.bodies.map(({ body }) => body));
    expect(sent.includes(Buffer.from(traceId, 'hex'))).toBe(true);
  });

  it('of as many requests as the sampler says, each whole or not at all', async () => {
    await using receiver = await OtlpReceiver.start();
    await using storage = await createStorage();
    const sampler = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.2' };
    await using service = await start(receiver, storage, sampler);
    const path = basketOf(randomUUID());
    await service.api.put(path, replacement([someItem()]));
    for (let n = 0; n < 200; n++) await service.api.get(path);
    await service.end();
    const requests = receiver.spans.filter(({ name }) => name === 'GET /baskets/:userName');
    // Of 200 at 0.2: six standard deviations.
    expect(requests.length).toBeGreaterThan(6);
    expect(requests.length).toBeLessThan(74);
    for (const { traceId } of requests) expect(receiver.ofTrace(traceId).length).toBeGreaterThanOrEqual(3);
    const roots = receiver.spans.filter(({ parentSpanId }) => !parentSpanId);
    expect(new Set(roots.map(({ kind }) => kind))).toEqual(new Set([SERVER]));
  });

  it.each([
    ['always_on', '00', 3],
    ['always_off', '01', 0],
  ] as const)('as another sampler has it: %s for a caller whose flags are %s', async (name, flags, least) => {
    await using receiver = await OtlpReceiver.start();
    await using storage = await createStorage();
    await using service = await start(receiver, storage, { OTEL_TRACES_SAMPLER: name });
    const { traceId, parent, headers } = someTrace(flags);
    await service.api.post(`${basketOf(randomUUID())}/items`, addition(), headers);
    await service.end();
    const spans = receiver.ofTrace(traceId);
    expect(spans.length).toBeGreaterThanOrEqual(least);
    expect(spans.filter(({ kind }) => kind === SERVER).map(({ parentSpanId }) => parentSpanId)).toEqual(
      least > 0 ? [parent] : [],
    );
    expect(treeOf(spans).filter((line) => !line.startsWith(' '))).toHaveLength(least > 0 ? 1 : 0);
  });
});
