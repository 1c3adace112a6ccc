import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { startNatsServer } from '../support/nats-server.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { describeWith } from '../support/servers.js';
import { addition, basketOf, replacement } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import { PRODUCER, someTrace, spanOf, spansOf, start } from '../support/traces.js';

jest.setTimeout(180_000);

describeWith(['postgres'], 'The trace context', () => {
  it('stands in the metadata of the event, recorded or not', async () => {
    await using receiver = await OtlpReceiver.start();
    await using storage = await createStorage();
    await using service = await start(receiver, storage);
    const [recorded, unrecorded] = [someTrace('01'), someTrace('00')];
    const [one, other] = [randomUUID(), randomUUID()];
    await service.api.post(`${basketOf(one)}/items`, addition(), recorded.headers);
    await service.api.post(`${basketOf(other)}/items`, addition(), unrecorded.headers);
    const database = new pg.Client({ connectionString: storage.env.DATABASE_URL });
    await database.connect();
    const { rows } = await database.query<{ user_name: string; traceparent: string }>(
      `SELECT DISTINCT user_name, metadata->>'traceparent' AS traceparent FROM domain_events`,
    );
    await database.end();
    const { spanId } = spanOf(await spansOf(receiver, recorded.traceId, 7), 'POST /baskets/:userName/items');
    expect(new Map(rows.map(({ user_name, traceparent }) => [user_name, traceparent]))).toEqual(
      new Map([
        [one, `00-${recorded.traceId}-${spanId}-01`],
        [other, unrecorded.headers.traceparent],
      ]),
    );
  });
});

describeWith(['nats'], 'The header of a message', () => {
  it('continues the trace of its publication, or else of its request', async () => {
    await using stack = new AsyncDisposableStack();
    const receiver = stack.use(await OtlpReceiver.start());
    const storage = stack.use(await createStorage());
    const nats = stack.adopt(await startNatsServer(), (server) => server.close());
    const service = stack.use(await start(receiver, storage, { NATS_URL: nats.url }));
    const connection = stack.adopt(await connect({ servers: nats.url }), (one) => one.close());
    const heard: [string, string | undefined][] = [];
    connection.subscribe('basket.v1.>', {
      callback: (_, message) =>
        void heard.push([message.json<{ subject: string }>().subject, message.headers?.get('traceparent')]),
    });
    await connection.flush();
    const [recorded, unrecorded] = [someTrace('01'), someTrace('00')];
    const [one, other, third] = [randomUUID(), randomUUID(), randomUUID()];
    await service.api.put(basketOf(one), replacement(), recorded.headers);
    await service.api.put(basketOf(other), replacement(), unrecorded.headers);
    await service.api.put(basketOf(third), replacement(), { traceparent: 'nonsense' });
    await eventually(() => new Set(heard.map(([user]) => user)).size === 3);

    const publications = await eventually(() => {
      const spans = receiver.ofTrace(recorded.traceId).filter(({ kind }) => kind === PRODUCER);
      return spans.length === 2 && spans;
    });
    const of = (user: string) => heard.filter(([name]) => name === user).map(([, traceparent]) => traceparent);
    expect(of(one).sort()).toEqual(publications.map(({ spanId }) => `00-${recorded.traceId}-${spanId}-01`).sort());
    expect(new Set(of(other).map((traceparent) => traceparent?.slice(0, 35)))).toEqual(
      new Set([`00-${unrecorded.traceId}`]),
    );
    expect(of(third).join()).not.toContain('nonsense');
  });
});
