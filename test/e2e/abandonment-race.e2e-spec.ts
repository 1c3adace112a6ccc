import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { readConfig } from '../../src/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import type { BasketDataSource } from '../../src/database/data-source.js';
import { eventually } from '../support/eventually.js';
import { NOTEBOOK, basketAfter, created, itemAdded, recorded } from '../support/given.js';
import { expectReplayEqualsProjection, readStreams } from '../support/replay.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import { basketOf } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';
import { storeShoppers } from '../support/year-of-baskets.js';

jest.setTimeout(180_000);

const BASKETS = 1500;
const WRITERS = 16;
/** Writers go for baskets that the sweep is about to come to. */
const AHEAD = 150;

const userOf = (n: number) => `shopper-${String(n).padStart(4, '0')}`;

/** Baskets with one line, left long ago. The sweep comes to them in the order of their users. */
function* leftBaskets() {
  for (let n = 0; n < BASKETS; n++) {
    const userName = userOf(n);
    const events = [created('EUR', randomUUID()), itemAdded(NOTEBOOK)];
    const basket = { ...basketAfter(events), userName };
    const basketId = 'basketId' in basket ? basket.basketId : '';
    const long = (time: string) => time.replace('2026', '2020');
    const left = 'lines' in basket && {
      createdAt: long(basket.createdAt),
      updatedAt: long(basket.updatedAt),
      lines: basket.lines.map((line) => ({ ...line, addedAt: long(line.addedAt) })),
    };
    yield {
      userName,
      basket: { ...basket, ...left },
      events: recorded(events).map((event) => ({ ...event, occurredAt: long(event.occurredAt), basketId })),
    };
  }
}

describeWith(['postgres', 'redis'], 'two processes, one of which abandons what 16 writers come back to', () => {
  let storage: Storage;
  let source: BasketDataSource;

  beforeEach(async () => {
    storage = await createStorage();
    source = await createDataSource(readConfig(storage.env));
    await source.initialize();
    await storeShoppers((sql, values) => source.query(sql, values), leftBaskets());
  });
  afterEach(async () => {
    await source.destroy();
    await storage[Symbol.asyncDispose]();
  });

  const abandoned = async () => {
    const [row] = await source.query<{ count: number }[]>(
      "SELECT count(*)::integer FROM domain_events WHERE event_type = 'BasketAbandoned'",
    );
    return row?.count ?? 0;
  };
  const idle = async () => {
    const [row] = await source.query<{ count: number }[]>(
      "SELECT count(*)::integer FROM basket_projections WHERE active_hour < '2021-01-01'",
    );
    return row?.count ?? 0;
  };

  it('lose no acknowledged write, and abandon each basket once at most', async () => {
    await using one = await ServiceProcess.start(storage.env);
    await using other = await ServiceProcess.start(storage.env);
    const acknowledged: { user: string; productId: string }[] = [];
    const refusals: string[] = [];

    const add = async (user: string, url: string) => {
      const productId = randomUUID();
      const answer = await fetch(`${url}${basketOf(user)}/items`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...NOTEBOOK, productId, currency: 'EUR' }),
      });
      if (answer.ok) acknowledged.push({ user, productId });
      else refusals.push(await answer.text());
    };

    await eventually(async () => (await abandoned()) > 0, 60_000);
    let front = 0;
    let isOver = false;
    const write = async (writer: number) => {
      const { url } = writer % 2 === 0 ? one : other;
      while (!isOver) await add(userOf(Math.min(BASKETS - 1, front + Math.floor(Math.random() * AHEAD))), url);
    };
    const follow = async () => {
      do front = await abandoned();
      while ((await idle()) > 0);
      isOver = true;
    };
    await Promise.all([follow(), ...Array.from({ length: WRITERS }, (_, writer) => write(writer))]);
    const [first, second] = (await readStreams(source)).filter(({ basket }) => basket.status === 'abandoned');
    for (const stream of [first, second]) if (stream) await add(stream.userName, other.url);

    expect(refusals).toEqual([]);
    expect(await expectReplayEqualsProjection(source)).toBe(BASKETS);
    const streams = new Map((await readStreams(source)).map((stream) => [stream.userName, stream]));
    const lost = acknowledged.filter(({ user, productId }) => {
      const basket = streams.get(user)?.basket;
      return !(basket && 'lines' in basket && basket.lines.some((line) => line.productId === productId));
    });
    expect(lost).toEqual([]);
    const typesOf = [...streams.values()].map(({ events }) => events.map(({ event_type }) => event_type));
    const count = (type: string) => typesOf.flat().filter((one) => one === type).length;
    expect(count('BasketItemAdded')).toBe(BASKETS + acknowledged.length);
    expect(count('BasketReactivated')).toBeGreaterThanOrEqual(2);
    expect(typesOf.filter((types) => types.filter((type) => type === 'BasketAbandoned').length > 1)).toEqual([]);

    // One of them did all of it; the other one found that it was not due.
    for (const service of [one, other]) expect(await service.end()).toEqual({ code: 0, signal: null });
    const sweeps = [one, other].flatMap(({ log }) => log.filter(({ msg }) => msg.startsWith('Baskets abandoned: ')));
    expect(sweeps.map(({ msg }) => msg)).toEqual([`Baskets abandoned: ${count('BasketAbandoned')}`]);
  });
});
