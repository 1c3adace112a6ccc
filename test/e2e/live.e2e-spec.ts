import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { LiveBaskets } from '../../src/basket/live/live-baskets.js';
import { refusal } from '../support/api.js';
import { someUser } from '../support/app.js';
import { EventStream } from '../support/event-stream.js';
import { eventually } from '../support/eventually.js';
import { Issuer, bearing, inSeconds } from '../support/issuer.js';
import { addLine } from '../support/lines.js';
import { serve } from '../support/served.js';
import type { Served } from '../support/served.js';
import { ServiceProcess } from '../support/service-process.js';
import { basketOf, someBasket } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import { exchange } from '../support/wire.js';

jest.setTimeout(180_000);

type Env = Record<string, string>;

describe('the live basket', () => {
  let shared: Served;
  const stops: AsyncDisposable[] = [];
  beforeAll(async () => {
    shared = await serve();
  });
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop[Symbol.asyncDispose]();
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  async function start(env?: Env) {
    const service = env ? await serve(env) : shared;
    if (env) stops.push(service);
    const open = async (path: string, lastEventId?: string) => {
      const stream = await EventStream.open(`${service.url}${path}/live`, lastEventId);
      stops.push(stream);
      return stream;
    };
    return { ...service, open };
  }

  it('tells the version at once and after each change', async () => {
    const { api, open } = await start();
    const path = someBasket();
    const first = await addLine(api, path);
    const stream = await open(path);
    expect(stream.response.status).toBe(200);
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': expect.any(String) as string,
    });
    await stream.reaches(first);
    expect(stream.events).toEqual([{ id: String(first), data: { version: first } }]);
    for (let n = 0; n < 3; n++) await stream.reaches(await addLine(api, path), 500);
    expect(stream.versions).toEqual([first, first + 1, first + 2, first + 3]);
    expect(stream.retry).toBeGreaterThanOrEqual(1000);
  });

  it('goes on where the client was', async () => {
    const { api, open } = await start();
    const path = someBasket();
    const version = await addLine(api, path);
    const [same, older, newer] = [
      await open(path, String(version)),
      await open(path, '1'),
      await open(path, String(version + 5)),
    ];
    await older.reaches(version);
    await newer.reaches(version);
    const next = await addLine(api, path);
    for (const stream of [same, older, newer]) await stream.reaches(next);
    expect(same.versions).toEqual([next]);
    expect(older.versions).toEqual([version, next]);
    expect(newer.versions).toEqual([version, next]);
  });

  it('tells of the end of the basket and of the next one, also who comes back in between', async () => {
    const { api, open } = await start();
    const path = someBasket();
    const version = await addLine(api, path);
    const stream = await open(path);
    await stream.reaches(version);
    expect((await api.delete(path)).status).toBe(204);
    await stream.reaches(version + 1);
    refusal(await api.get(`${path}/live`), 'basket-not-found');
    const back = await open(path, String(version));
    await back.reaches(version + 1);
    const opened = await addLine(api, path);
    for (const one of [stream, back]) await one.reaches(opened);
    expect(stream.versions).toEqual([version, version + 1, opened]);
  });

  it('is not there for a user without a basket, whatever the client says it has', async () => {
    const { api } = await start();
    refusal(await api.get(`${someBasket()}/live`), 'basket-not-found');
    refusal(await api.get(`${someBasket()}/live`, { 'last-event-id': '7' }), 'basket-not-found');
  });

  it.each(['0', '-1', '7.5', 'seven', '12345678901', '7, 8'])('takes no %j for an id of its own', async (id) => {
    const { api } = await start();
    const path = someBasket();
    await addLine(api, path);
    const { errors } = refusal(await api.get(`${path}/live`, { 'last-event-id': id }), 'validation-failed');
    expect(errors).toEqual([{ pointer: '#/headers/last-event-id', detail: expect.any(String) as string }]);
  });

  it('answers HEAD without a stream', async () => {
    const { url, api } = await start({ LIVE_MAX_STREAMS: '1' });
    const path = someBasket();
    await addLine(api, path);
    for (let n = 0; n < 3; n++) {
      const answer = await exchange(url, { method: 'HEAD', target: `${path}/live` });
      expect(answer).toMatchObject({ status: 200, text: '', headers: { 'content-type': 'text/event-stream' } });
    }
  });

  it('sends signs of life', async () => {
    const { api, open } = await start({ LIVE_HEARTBEAT_MS: '100' });
    const path = someBasket();
    await addLine(api, path);
    const stream = await open(path);
    await eventually(() => stream.comments.length >= 3);
    expect(stream.versions).toHaveLength(1);
  });

  it('has a bounded number of places, which are free again when clients leave', async () => {
    const { api, open } = await start({ LIVE_MAX_STREAMS: '2' });
    const path = someBasket();
    const version = await addLine(api, path);
    const [one, two] = [await open(path), await open(path)];
    await two.reaches(version);
    refusal(await api.get(`${path}/live`), 'overloaded');
    // One that is refused takes no place.
    refusal(await api.get(`${someBasket()}/live`), 'overloaded');
    await one[Symbol.asyncDispose]();
    const third = await eventually(async () => {
      const stream = await open(path);
      return stream.response.status === 200 && stream;
    });
    await third.reaches(version);
    refusal(await api.get(`${path}/live`), 'overloaded');
    for (let n = 0; n < 5; n++) {
      await third[Symbol.asyncDispose]();
      await eventually(async () => (await api.get(`${someBasket()}/live`)).status === 404);
    }
  });

  it('ends when the service closes, which it would keep from that', async () => {
    const end = jest.spyOn(LiveBaskets.prototype, 'close');
    for (const isEnded of [false, true]) {
      // The control: streams that nobody ends.
      if (!isEnded) end.mockImplementationOnce(() => undefined);
      const service = await serve();
      const { api, url } = service;
      const path = someBasket();
      const version = await addLine(api, path);
      await using stream = await EventStream.open(`${url}${path}/live`);
      await stream.reaches(version);
      let isClosed = false;
      const closing = service[Symbol.asyncDispose]().then(() => (isClosed = true));
      if (isEnded) await eventually(() => stream.ended === 'cleanly');
      else {
        await setTimeout(1000);
        expect(isClosed).toBe(false);
        await stream[Symbol.asyncDispose]();
      }
      await closing;
    }
    end.mockRestore();
  });
});

describe('the live basket of a caller with a token', () => {
  it('ends when the token expires, and not before', async () => {
    await using issuer = await Issuer.start();
    await using service = await serve(issuer.env);
    const user = someUser();
    const path = basketOf(user);
    const token = async (seconds: number) => bearing(await issuer.token({ sub: user, exp: inSeconds(seconds) }));
    const version = await addLine(service.api, path, await token(300));
    // Ten seconds are for clocks that differ.
    await using short = await EventStream.open(`${service.url}${path}/live`, undefined, await token(-8));
    await using long = await EventStream.open(`${service.url}${path}/live`, undefined, await token(300));
    for (const stream of [short, long]) await stream.reaches(version);
    expect(short.ended).toBeUndefined();
    await eventually(() => short.ended === 'cleanly', 5000);
    expect(long.ended).toBeUndefined();
    refusal(await service.api.get(`${path}/live`, await token(-11)), 'unauthenticated');
  });
});

describe('a process with live baskets that is told to stop', () => {
  it('serves them while it drains, then ends them and stops', async () => {
    await using storage = await createStorage();
    await using service = await ServiceProcess.start({ ...storage.env, SHUTDOWN_DRAIN_MS: '2000' });
    const { api, url } = service;
    const path = someBasket();
    const version = await addLine(api, path);
    const streams = await Promise.all(Array.from({ length: 50 }, () => EventStream.open(`${url}${path}/live`)));
    for (const stream of streams) await stream.reaches(version);
    service.kill('SIGTERM');
    await eventually(async () => (await fetch(`${url}/health/ready`)).status === 503);
    const next = await addLine(api, path);
    await using late = await EventStream.open(`${url}${path}/live`);
    for (const stream of [...streams, late]) await stream.reaches(next);
    const drained = performance.now();
    expect(await service.exited).toEqual({ code: 0, signal: null });
    // Not because it was overdue.
    expect(performance.now() - drained).toBeLessThan(8000);
    for (const stream of [...streams, late]) await eventually(() => stream.ended === 'cleanly');
  });
});
