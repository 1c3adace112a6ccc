import type { CloudEvent } from '../../src/outbox/cloud-event.js';
import { InProcessPublisher } from '../../src/outbox/in-process.publisher.js';
import { Publisher } from '../../src/outbox/publisher.js';
import { someUser } from '../support/app.js';
import { at } from '../support/at.js';
import { eventually } from '../support/eventually.js';
import { NOTEBOOK, PENCIL } from '../support/given.js';
import { serveJobsOnDemand } from '../support/jobs-on-demand.js';
import type { Service } from '../support/jobs-on-demand.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { basketOf } from '../support/shopping.js';

const LEFT = '2026-03-01T12:00:00.000Z';
const A_DAY_LATER = '2026-03-02T12:00:00.000Z';
const line = `/items/${NOTEBOOK.productId}`;
const notebook = { ...NOTEBOOK, currency: 'EUR' };

type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

describe('An abandoned basket', () => {
  let service: Service;
  let path: string;
  const published: CloudEvent[] = [];

  const send = async (method: Method, to: string, payload?: object, headers: Record<string, string> = {}) => {
    const answer = await service.app.inject({ method, url: path + to, headers, ...(payload && { payload }) });
    const json = (answer.body === '' ? {} : JSON.parse(answer.body)) as Record<string, unknown>;
    return { status: answer.statusCode, etag: answer.headers.etag, replay: answer.headers['idempotent-replay'], json };
  };
  const typesOf = async () => {
    const { json } = await send('GET', '/history');
    return (json.events as { type: string }[]).map(({ type }) => type);
  };

  beforeAll(async () => {
    service = await serveJobsOnDemand();
    const publisher = service.app.get(Publisher);
    if (publisher instanceof InProcessPublisher) publisher.subscribe((event) => void published.push(event));
  });
  afterAll(() => service[Symbol.asyncDispose]());

  /** Two notebooks, left at version 2; abandoned at version 3. */
  beforeEach(async () => {
    path = basketOf(someUser());
    await at(LEFT, () => send('POST', '/items', notebook));
    // What a cache may have from now on is the basket as it is before.
    expect((await send('GET', '')).json).toMatchObject({ status: 'active', version: 2 });
    await service.abandonIdle(A_DAY_LATER);
  });
  afterEach(() => expectReplayEqualsProjection(service.source));

  it('is read as before, but for its status and version', async () => {
    const { etag, json } = await send('GET', '');
    expect(etag).toBe('"3"');
    expect(json).toMatchObject({ status: 'abandoned', version: 3, updatedAt: LEFT, totalPrice: 2500 });
    expect((await send('GET', '/summary')).json).toMatchObject({ status: 'abandoned', version: 3, updatedAt: LEFT });
    expect((await send('GET', '', undefined, { 'if-none-match': '"3"' })).status).toBe(304);
    expect((await send('GET', '?version=2')).json).toMatchObject({ status: 'active', version: 2 });
    expect((await send('GET', '?version=3')).json).toEqual(json);
    expect(await typesOf()).toEqual(['BasketCreated', 'BasketItemAdded', 'BasketAbandoned']);
  });

  it('is told to whoever listens', async () => {
    const userName = decodeURIComponent(path.slice('/baskets/'.length));
    const event = await eventually(
      () =>
        published.find(({ subject, type }) => subject === userName && type === 'basket.v1.BasketAbandoned') ?? false,
    );
    expect(event).toMatchObject({ version: 3, data: { lastActivityAt: LEFT } });
  });

  it('is active again with the next change, which may demand its version', async () => {
    const stale = await send('PATCH', line, { quantity: 5 }, { 'if-match': '"2"' });
    expect(stale).toMatchObject({ status: 412, json: { code: 'version-mismatch', currentVersion: 3 } });
    const changed = await send('PATCH', line, { quantity: 5 }, { 'if-match': '"3"' });
    expect(changed).toMatchObject({ status: 200, etag: '"5"', json: { status: 'active', version: 5 } });
    expect((await typesOf()).slice(3)).toEqual(['BasketReactivated', 'BasketItemQuantityUpdated']);
  });

  it('stays abandoned when a write asks for what is there already', async () => {
    const same = await send('PATCH', line, { quantity: 2 }, { 'if-match': '"3"' });
    expect(same).toMatchObject({ status: 200, etag: '"3"', json: { status: 'abandoned', version: 3 } });
    expect(await typesOf()).toHaveLength(3);
  });

  it('can be checked out as it is', async () => {
    expect(await send('POST', '/checkout', { version: 2 })).toMatchObject({ status: 409, json: { currentVersion: 3 } });
    const out = await send('POST', '/checkout', { version: 3 }, { 'idempotency-key': 'once' });
    expect(out).toMatchObject({ status: 202, etag: '"5"', json: { version: 5 } });
    const again = await send('POST', '/checkout', { version: 3 }, { 'idempotency-key': 'once' });
    expect(again).toMatchObject({ status: 202, replay: 'true', json: out.json });
    expect((await typesOf()).slice(3)).toEqual(['BasketReactivated', 'BasketCheckedOut']);
  });

  it('can be deleted', async () => {
    expect((await send('DELETE', '')).status).toBe(204);
    expect((await send('GET', '')).status).toBe(404);
    expect((await typesOf()).slice(3)).toEqual(['BasketReactivated', 'BasketDeleted']);
  });

  it('takes a command once, whether it was sent before or after', async () => {
    const key = { 'idempotency-key': 'add' };
    const first = await send('POST', '/items', { ...PENCIL, currency: 'EUR' }, key);
    expect(first).toMatchObject({ status: 201, etag: '"5"' });
    await service.abandonIdle('2999-01-01T00:00:00.000Z');
    const repeat = await send('POST', '/items', { ...PENCIL, currency: 'EUR' }, key);
    expect(repeat).toMatchObject({ status: 201, replay: 'true', etag: '"5"', json: first.json });
    expect((await send('GET', '')).json).toMatchObject({ status: 'abandoned', version: 6 });
  });

  it('of a guest is emptied into the one of the user who logs in', async () => {
    const guest = path;
    const fromUserName = decodeURIComponent(guest.slice('/baskets/'.length));
    path = basketOf(someUser());
    await send('POST', '/items', { ...PENCIL, currency: 'EUR' });
    const merged = await send('POST', '/merge', { fromUserName, strategy: 'sum' });
    expect(merged).toMatchObject({ status: 200, json: { basket: { totalItems: 5, status: 'active' } } });
    path = guest;
    expect((await send('GET', '')).json).toMatchObject({ status: 'active', version: 5, totalItems: 0 });
    expect((await typesOf()).slice(3)).toEqual(['BasketReactivated', 'BasketCleared']);
  });
});
