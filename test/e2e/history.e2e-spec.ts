import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { basketIn, refusal } from '../support/api.js';
import type { Basket } from '../support/api.js';
import type { Answer } from '../support/contract.js';
import { servedForAll } from '../support/served.js';
import { addition, replacement, someBasket, someItem } from '../support/shopping.js';

interface Event {
  readonly version: number;
  readonly type: string;
  readonly occurredAt: string;
  readonly basketId: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly actor: string | null;
  readonly requestId: string | null;
}

interface Page {
  readonly events: readonly Event[];
  readonly nextAfter: number | null;
}

function pageIn(answer: Answer): Page {
  expect(answer.status).toBe(200);
  return JSON.parse(answer.text) as Page;
}

const WHOLE_NUMBERS = ['', 'a', '-1', '1.5', '%201', '1e3', '2147483648', '1&limit=1&after=1'];

describe('the past of a basket', () => {
  const { api } = servedForAll();
  let path: string;
  beforeEach(() => {
    path = someBasket();
  });

  /** Two baskets: one that is deleted, one that is checked out; and a third. What was answered, by version. */
  async function live() {
    const item = addition({ quantity: 2 });
    const answers = new Map<number, string>();
    const remember = (answer: Answer) => {
      const basket = JSON.parse(answer.text) as Basket;
      answers.set(basket.version, answer.text);
      return basket;
    };
    const one = remember(await api.post(`${path}/items`, item));
    remember(await api.patch(`${path}/items/${item.productId}`, { quantity: 7 }));
    await api.delete(path);
    const two = remember(await api.put(path, replacement([someItem()])));
    await api.post(`${path}/checkout`, { version: two.version });
    const three = remember(await api.post(`${path}/items`, addition()));
    return { item, answers, ids: [one, two, three].map(({ basketId }) => basketId) };
  }

  describe('as its history', () => {
    it('is every event of the user, oldest first, with its version, type, time, data, actor and request', async () => {
      const { item, ids } = await live();
      const { currency: _, ...line } = item;
      const answer = await api.get(`${path}/history`);
      const { events, nextAfter } = pageIn(answer);
      expect(nextAfter).toBeNull();
      expect(events.map(({ version, type, basketId }) => [version, type, ids.indexOf(basketId)])).toEqual([
        [1, 'BasketCreated', 0],
        [2, 'BasketItemAdded', 0],
        [3, 'BasketItemQuantityUpdated', 0],
        [4, 'BasketDeleted', 0],
        [5, 'BasketCreated', 1],
        [6, 'BasketReplaced', 1],
        [7, 'BasketCheckedOut', 1],
        [8, 'BasketCreated', 2],
        [9, 'BasketItemAdded', 2],
      ]);
      expect(events[1]?.data).toEqual(line);
      expect(events[2]?.data).toEqual({ productId: item.productId, quantity: 7, previousQuantity: 2 });
      expect(events.every(({ actor }) => actor === null)).toBe(true);
      expect(events.map(({ occurredAt }) => occurredAt)).toEqual(events.map(({ occurredAt }) => occurredAt).sort());
    });

    it('names the request of each event, the same for those of one request', async () => {
      const requestId = randomUUID();
      await api.post(`${path}/items`, addition(), { 'x-request-id': requestId });
      await api.post(`${path}/items`, addition());
      const [created, added, later] = pageIn(await api.get(`${path}/history`)).events;
      expect([created?.requestId, added?.requestId]).toEqual([requestId, requestId]);
      expect(later?.requestId).not.toBe(requestId);
      expect(created?.occurredAt).toBe(added?.occurredAt);
    });

    it('keeps from its readers what the store keeps for itself', async () => {
      await api.post(`${path}/items`, addition(), { 'idempotency-key': 'a-secret-of-the-client' });
      expect((await api.get(`${path}/history`)).text).not.toContain('a-secret-of-the-client');
    });

    it.each([1, 2, 4, 9, 200])('is read in pages of %d', async (limit) => {
      await live();
      const read: Event[] = [];
      for (let after: number | null = 0; after !== null;) {
        const page: Page = pageIn(await api.get(`${path}/history?after=${after}&limit=${limit}`));
        expect(page.events.length).toBeLessThanOrEqual(limit);
        expect(page.events.length).toBeGreaterThan(0);
        read.push(...page.events);
        after = page.nextAfter;
      }
      expect(read.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    it('has pages of 50 events unless another size is asked for', async () => {
      const commands = Array.from({ length: 60 }, () => ({ type: 'add-item', ...addition() }));
      basketIn(await api.post(`${path}/batch`, { commands }));
      const first = pageIn(await api.get(`${path}/history`));
      expect([first.events.length, first.nextAfter]).toEqual([50, 50]);
      const second = pageIn(await api.get(`${path}/history?after=50`));
      expect([second.events.length, second.nextAfter]).toEqual([11, null]);
    });

    it('is an empty page behind its end', async () => {
      await live();
      for (const after of [9, 10, 2 ** 31 - 1])
        expect(pageIn(await api.get(`${path}/history?after=${after}`))).toEqual({ events: [], nextAfter: null });
    });

    it('is there though the basket is not', async () => {
      await live();
      await api.delete(path);
      refusal(await api.get(path), 'basket-not-found');
      expect(pageIn(await api.get(`${path}/history`)).events).toHaveLength(10);
    });

    it('is not found when the user never had a basket', async () => {
      for (const query of ['', '?after=7', '?limit=1'])
        refusal(await api.get(`${path}/history${query}`), 'basket-not-found');
    });

    it.each([...WHOLE_NUMBERS.map((text) => `after=${text}`), 'limit=0', 'limit=201', 'limit=x', 'limit=1&limit=2'])(
      'is refused when it is asked for by %s',
      async (query) => {
        await live();
        const { errors } = refusal(await api.get(`${path}/history?${query}`), 'validation-failed');
        expect(errors).toMatchObject([{ pointer: expect.stringMatching(/^#\/query\/(after|limit)$/) as unknown }]);
      },
    );
  });

  describe('at a version', () => {
    it('is byte for byte what was answered then, across deletes and checkouts', async () => {
      const { answers } = await live();
      for (const [version, text] of answers) {
        const answer = await api.get(`${path}?version=${version}`);
        expect(answer).toMatchObject({ status: 200, text, headers: { etag: `"${version}"` } });
      }
      expect([...answers.keys()]).toEqual([2, 3, 6, 9]);
    });

    it('is the basket that was just opened, which nobody was answered', async () => {
      await live();
      expect(basketIn(await api.get(`${path}?version=1`))).toMatchObject({ version: 1, items: [], totalPrice: 0 });
    });

    it('is not found where it was deleted or checked out', async () => {
      await live();
      for (const version of [4, 7]) refusal(await api.get(`${path}?version=${version}`), 'basket-not-found');
    });

    it('is not found where the events have not got to', async () => {
      await live();
      for (const version of [10, 2 ** 31 - 1])
        refusal(await api.get(`${path}?version=${version}`), 'version-not-found');
      refusal(await api.get(`${someBasket()}?version=1`), 'version-not-found');
    });

    it('is not sent to who has it already', async () => {
      await live();
      const known = { 'if-none-match': '"3"' };
      expect(await api.get(`${path}?version=3`, known)).toMatchObject({
        status: 304,
        text: '',
        headers: { etag: '"3"' },
      });
      expect((await api.get(`${path}?version=2`, known)).status).toBe(200);
      expect((await api.get(`${path}?version=3`, { 'if-none-match': '*' })).status).toBe(304);
      refusal(await api.get(`${path}?version=3`, { 'if-none-match': '3' }), 'validation-failed');
    });

    it.each(['0', ...WHOLE_NUMBERS.filter((text) => !text.includes('&')), '1&version=2'])(
      'is refused when it is %s',
      async (version) => {
        const { errors } = refusal(await api.get(`${path}?version=${version}`), 'validation-failed');
        expect(errors).toMatchObject([{ pointer: '#/query/version' }]);
      },
    );
  });

  describe('at a time', () => {
    it('is the basket as it was then', async () => {
      const item = addition();
      const first = basketIn(await api.post(`${path}/items`, item), 201);
      await setTimeout(5);
      const second = basketIn(await api.patch(`${path}/items/${item.productId}`, { quantity: 9 }));
      await setTimeout(5);
      await api.delete(path);
      const at = async (time: number) => await api.get(`${path}?at=${new Date(time).toISOString()}`);
      const [firstTime, secondTime] = [Date.parse(first.updatedAt), Date.parse(second.updatedAt)];
      expect(basketIn(await at(firstTime))).toEqual(first);
      expect(basketIn(await at(secondTime - 1))).toEqual(first);
      expect(basketIn(await at(secondTime))).toEqual(second);
      refusal(await at(firstTime - 1), 'version-not-found');
      refusal(await at(Date.now() + 60_000), 'basket-not-found');
      const known = await api.get(`${path}?at=${first.updatedAt}`, { 'if-none-match': '"2"' });
      expect(known.status).toBe(304);
    });

    it('is the same in whatever way the time is written', async () => {
      const { updatedAt, version } = basketIn(await api.post(`${path}/items`, addition()), 201);
      const elsewhere = new Date(Date.parse(updatedAt) + 90 * 60_000).toISOString().replace('Z', '%2B01:30');
      for (const at of [
        updatedAt,
        elsewhere,
        updatedAt.replace('Z', '999Z'),
        '9999-12-31T23:59:59Z',
        '2999-01-01T00:00Z',
      ])
        expect(basketIn(await api.get(`${path}?at=${at}`)).version).toBe(version);
    });

    it('is not found before the first event', async () => {
      await live();
      refusal(await api.get(`${path}?at=0001-01-01T00:00:00Z`), 'version-not-found');
      refusal(await api.get(`${someBasket()}?at=2026-11-23T09:15:00Z`), 'version-not-found');
    });

    it.each([
      ...['', 'now', '2026-11-23', '1764000000000', '2026-11-23T09:15:00', '2026-02-30T00:00:00Z'],
      ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00%2B00:01', '9999-12-31T23:59:59-00:01', '10000-01-01T00:00:00Z'],
      ...['%2B010000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', 'infinity', '2026-01-01T23:59:60Z', '%00'],
      '2026-11-23T09:15:00Z&at=2026-11-23T09:15:00Z',
    ])('is refused when it is %s', async (at) => {
      await live();
      const { errors } = refusal(await api.get(`${path}?at=${at}`), 'validation-failed');
      expect(errors).toMatchObject([{ pointer: '#/query/at' }]);
    });

    it('is refused together with a version', async () => {
      const { errors } = refusal(await api.get(`${path}?version=1&at=2026-11-23T09:15:00Z`), 'validation-failed');
      expect(errors).toMatchObject([{ pointer: '#/query/at' }]);
    });
  });
});
