import { createHash, randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import pg from 'pg';
import { basketIn, refusal } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { OtlpReceiver, treeOf } from '../support/otlp-receiver.js';
import type { ReceivedSpan } from '../support/otlp-receiver.js';
import { describeWith } from '../support/servers.js';
import type { ServiceProcess } from '../support/service-process.js';
import { addition, basketOf, replacement, someItem } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';
import { CLIENT, ERROR, PRODUCER, SERVER, someTrace, spanOf, spansOf, start } from '../support/traces.js';

jest.setTimeout(180_000);

const withRedis = process.env.REDIS_URL && process.env.DATABASE_URL;
/** Lines of a tree that are there only with Redis. */
const redis = (...lines: string[]) => (withRedis ? lines : []);

/** A process that heard nothing of Redis for a tenth of a second, on a busy machine, looks twice. */
const looks = (tree: readonly string[]) =>
  tree.filter((line, at) => line !== tree[at - 1] || !line.endsWith('redis get'));

const isSubset = (part: object, whole: object): boolean =>
  Object.entries(part).every(([name, value]) => (whole as Record<string, unknown>)[name] === value);

/** What most of these tests share: they find their own requests by their trace. */
let receiver: OtlpReceiver;
let storage: Storage;
let service: ServiceProcess;
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
  storage = await createStorage();
  service = await start(receiver, storage);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

describe('The trace of a request', () => {
  it('leads from HTTP to the statements of a read', async () => {
    const user = randomUUID();
    const item = someItem();
    await service.api.put(basketOf(user), replacement([item]));

    const read = someTrace();
    basketIn(await service.api.get(basketOf(user), read.headers));
    const expected = [
      'GET /baskets/:userName',
      '  query.GetBasket',
      '    repository.find',
      ...redis('      redis get', '      redis lease'),
      '      postgresql find-baskets',
      ...redis('      redis fill'),
    ];
    const spans = await spansOf(receiver, read.traceId, expected.length);
    expect(looks(treeOf(spans))).toEqual(expected);

    // On a busy machine Redis may be too late for what was to be filled in.
    const cached = [...expected.slice(0, 3), ...redis('      redis get')];
    await eventually(async () => {
      const again = someTrace();
      basketIn(await service.api.get(basketOf(user), again.headers));
      expect(looks(treeOf(await spansOf(receiver, again.traceId, cached.length)))).toEqual(cached);
    });

    expect(spanOf(spans, 'GET /baskets/:userName')).toMatchObject({
      kind: SERVER,
      parentSpanId: read.parent,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/baskets/:userName',
        'http.response.status_code': 200,
      },
    });
    expect(spanOf(spans, 'query.GetBasket').attributes).toEqual({
      'query.type': 'GetBasket',
      'user.hash': createHash('sha256').update(user).digest('hex').slice(0, 16),
    });
    expect(spanOf(spans, 'postgresql find-baskets')).toMatchObject({
      kind: CLIENT,
      attributes: {
        'db.system.name': 'postgresql',
        'db.query.text': expect.stringContaining('= ANY($1)') as unknown,
      },
    });
  });

  it('leads from HTTP to the statements of a write, and on to its event, which is linked with it', async () => {
    const user = randomUUID();
    const item = someItem();
    await service.api.put(basketOf(user), replacement([item]));

    const { traceId, headers } = someTrace();
    const path = `${basketOf(user)}/items/${item.productId}`;
    basketIn(await service.api.patch(path, { quantity: 7 }, headers));
    const expected = [
      'PATCH /baskets/:userName/items/:productId',
      '  command.UpdateItemQuantity',
      '    repository.update',
      '      postgresql find-baskets',
      '      postgresql append-basket_projections',
      ...redis('      redis put'),
    ];
    const spans = await spansOf(receiver, traceId, expected.length + 1);
    expect(treeOf(spans.filter(({ kind }) => kind !== PRODUCER))).toEqual(expected);
    const { spanId } = spanOf(spans, 'PATCH /baskets/:userName/items/:productId');
    const publication = { kind: PRODUCER, parentSpanId: spanId, links: [spanId] };
    expect(spanOf(spans, 'publish basket.v1.BasketItemQuantityUpdated')).toMatchObject(publication);
  });

  it('has the code of a refusal', async () => {
    const user = randomUUID();
    const { traceId, headers } = someTrace();
    refusal(await service.api.get(basketOf(user), headers), 'basket-not-found');
    const spans = await eventually(() => {
      const received = receiver.ofTrace(traceId);
      return received.some(({ kind }) => kind === SERVER) && received;
    });
    const http = spanOf(spans, 'GET /baskets/:userName');
    expect(http.attributes).toMatchObject({ 'error.type': 'basket-not-found', 'http.response.status_code': 404 });
    expect(http.status?.code ?? 0).not.toBe(ERROR);
    expect(spanOf(spans, 'query.GetBasket')).toMatchObject({
      exceptions: ['basket-not-found'],
      attributes: { 'error.type': 'basket-not-found' },
      status: { code: ERROR },
    });
  });

  it('tells neither names nor values of a caller', async () => {
    const canary = `canary-${randomUUID()}`;
    const { traceId, headers } = someTrace();
    const secret = { ...headers, authorization: `Bearer ${canary}`, 'x-api-key': canary };
    const item = someItem({ productName: canary });
    await service.api.put(`${basketOf(canary)}?token=${canary}`, replacement([item]), secret);
    await service.api.post(`${basketOf(canary)}/items`, addition({ currency: 'USD' }), secret);
    await service.api.patch(`${basketOf(canary)}/items/${item.productId}`, { quantity: canary }, secret);
    await service.api.get(`/${canary}`, secret);
    await eventually(() => receiver.ofTrace(traceId).filter(({ kind }) => kind === SERVER).length === 4);
    const received = receiver.bodies.map(({ body }) => body.toString()).join('\n');
    expect(received).not.toContain(canary);
    expect(received).not.toContain(item.productId);
    // The control: what is looked through is what was sent.
    expect(received).toContain(traceId);
  });

  it('is named in the log, with the request', async () => {
    const [recorded, unrecorded] = [someTrace('01'), someTrace('00')];
    const requestId = randomUUID();
    const path = basketOf(randomUUID());
    await service.api.get(path, { ...recorded.headers, 'x-request-id': requestId });
    await service.api.get(path, unrecorded.headers);
    const has = (line: object) => service.log.some((one) => isSubset(line, one));
    await eventually(() => has({ msg: 'request', requestId, traceId: recorded.traceId }));
    await eventually(() => has({ msg: 'request', traceId: unrecorded.traceId }));
    await eventually(() => receiver.ofTrace(recorded.traceId).length > 0);
    expect(receiver.ofTrace(unrecorded.traceId)).toEqual([]);
    expect(service.log.map(({ msg }) => msg).join('\n')).toMatch(/Connected: .*; traces http:\/\/127\.0\.0\.1:\d+$/m);
  });
});

describeWith(['postgres'], 'The trace of a failure', () => {
  it('has its code as an error of ours, on every span that it went through', async () => {
    await using receiver = await OtlpReceiver.start();
    await using storage = await createStorage();
    await using service = await start(receiver, storage);
    const database = new pg.Client({ connectionString: storage.env.DATABASE_URL });
    await database.connect();
    await database.query('ALTER TABLE domain_events RENAME COLUMN event_data TO other_data');
    await database.end();
    const { traceId, headers } = someTrace();
    refusal(await service.api.post(`${basketOf(randomUUID())}/items`, addition(), headers), 'internal');
    const spans = await spansOf(receiver, traceId, 5);
    expect(spanOf(spans, 'POST /baskets/:userName/items')).toMatchObject({
      attributes: { 'error.type': 'internal', 'http.response.status_code': 500 },
      status: { code: ERROR },
    });
    const undefinedColumn = '42703';
    for (const name of ['command.AddItem', 'repository.update', 'postgresql append-basket_projections'])
      expect(spanOf(spans, name)).toMatchObject({ exceptions: [undefinedColumn], status: { code: ERROR } });
  });
});

describe('A statement that several requests share', () => {
  /** The spans of so many writes that are sent at once. */
  async function writeAtOnce(count: number) {
    const traces = Array.from({ length: count }, () => someTrace());
    await Promise.all(
      traces.map(async ({ headers }) =>
        basketIn(await service.api.post(`${basketOf(randomUUID())}/items`, addition(), headers), 201),
      ),
    );
    const ours = new Set(traces.map(({ traceId }) => traceId));
    return await eventually(() => {
      const spans = receiver.spans.filter(({ traceId }) => ours.has(traceId));
      return spans.filter(({ kind }) => kind === SERVER).length === count && spans;
    });
  }

  it('belongs to the trace of one, and is linked with the others both ways', async () => {
    let shared: ReceivedSpan[] = [];
    // Whether two of them meet is a matter of moments.
    for (let round = 0; round < 20 && shared.length === 0; round++) {
      const all = await writeAtOnce(40);
      const appends = all.filter(({ name }) => name.startsWith('postgresql append'));
      const updates = all.filter(({ name }) => name === 'repository.update');
      expect(updates).toHaveLength(40);
      // Each request's own, or shared.
      for (const { spanId } of updates) {
        const mine = appends.filter(({ parentSpanId, links }) => parentSpanId === spanId || links.includes(spanId));
        expect(mine).toHaveLength(1);
      }
      shared = appends.filter(({ links }) => links.length > 0);
      for (const { spanId, links } of shared)
        for (const link of links) expect(updates.find((update) => update.spanId === link)?.links).toContain(spanId);
    }
    expect(shared).not.toEqual([]);
  });
});
