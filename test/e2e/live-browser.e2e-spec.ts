import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { jest } from '@jest/globals';
import type { Page } from 'playwright-core';
import { basketIn } from '../support/api.js';
import type { Api } from '../support/api.js';
import { describeInChromium } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { serve } from '../support/served.js';
import type { Served } from '../support/served.js';
import { ServiceProcess } from '../support/service-process.js';
import { addition, someBasket } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';

jest.setTimeout(120_000);

const add = async (api: Api, path: string) => basketIn(await api.post(`${path}/items`, addition()), 201).version;

/** A page of the service's own origin whose EventSource notes what it is sent in `window.seen`. */
async function listen(page: Page, url: string, path: string): Promise<() => Promise<Seen>> {
  // Other pages of the service may not connect to anything.
  await page.goto(`${url}/docs`);
  await page.evaluate(`
    window.seen = { events: [], opened: 0, errors: 0 };
    window.source = new EventSource(${JSON.stringify(`${path}/live`)});
    source.onopen = () => seen.opened++;
    source.onerror = () => seen.errors++;
    source.onmessage = ({ lastEventId, data }) => seen.events.push([lastEventId, JSON.parse(data).version]);`);
  return () => page.evaluate('({ ...seen, state: source.readyState })');
}

interface Seen {
  readonly events: readonly (readonly [id: string, version: number])[];
  readonly opened: number;
  readonly errors: number;
  /** 0 connecting, 1 open, 2 closed. */
  readonly state: number;
}

describeInChromium('the live basket in a browser', (browser) => {
  let service: Served;
  let page: Page;
  beforeAll(async () => {
    service = await serve({ LIVE_HEARTBEAT_MS: '200' });
  });
  beforeEach(async () => {
    page = await browser().newPage();
  });
  afterEach(() => page.close());
  afterAll(() => service[Symbol.asyncDispose]());

  it('is heard by EventSource, each change once, for as long as the page is open', async () => {
    const { api, url } = service;
    const path = someBasket();
    const first = await add(api, path);
    const seen = await listen(page, url, path);
    await eventually(async () => (await seen()).events.length === 1);
    for (let n = 1; n <= 5; n++) {
      await add(api, path);
      await eventually(async () => (await seen()).events.length === n + 1);
    }
    const versions = Array.from({ length: 6 }, (_, at) => first + at);
    expect(await seen()).toEqual({
      events: versions.map((version) => [String(version), version]),
      opened: 1,
      errors: 0,
      state: 1,
    });
  });

  it('is taken up again by EventSource where it was, by the process that comes after the one that stops', async () => {
    await using storage = await createStorage();
    const path = someBasket();
    let first: number;
    // What the browser talks to, whichever process is behind it.
    let behind = 0;
    await using front = createServer((client) => {
      const upstream = connect(behind, '127.0.0.1');
      pipeline(client, upstream, client, () => undefined);
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
    let seen: () => Promise<Seen>;
    {
      await using process = await ServiceProcess.start(storage.env);
      behind = Number(new URL(process.url).port);
      first = await add(process.api, path);
      seen = await listen(page, url, path);
      await eventually(async () => (await seen()).events.length === 1);
      expect(await process.end('SIGTERM')).toEqual({ code: 0, signal: null });
    }
    await eventually(async () => (await seen()).state === 0);
    await using process = await ServiceProcess.start(storage.env);
    behind = Number(new URL(process.url).port);
    await eventually(async () => (await seen()).opened === 2);
    const next = await add(process.api, path);
    await eventually(async () => (await seen()).events.length >= 2);
    // Nothing was sent twice: the browser said which version it had.
    expect((await seen()).events).toEqual([
      [String(first), first],
      [String(next), next],
    ]);
    await page.close();
  });

  it('is refused to EventSource where there is no basket', async () => {
    const seen = await listen(page, service.url, someBasket());
    await eventually(async () => (await seen()).state === 2);
    expect(await seen()).toMatchObject({ events: [], opened: 0, errors: 1 });
  });
});
