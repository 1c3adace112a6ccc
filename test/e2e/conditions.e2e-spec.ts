import { basketIn, refusal } from '../support/api.js';
import type { Basket, Headers } from '../support/api.js';
import { someUser } from '../support/app.js';
import type { Answer } from '../support/contract.js';
import { servedForAll } from '../support/served.js';
import { addition, basketOf, replacement, someBasket, someItem } from '../support/shopping.js';

const ABSENT = ['"999"', '"0"', '""', '"abc"', '"01"', '"1e0"', '"-4"', `"${'9'.repeat(400)}"`];
const JUNK = ['', '4', '"4', 'w/"4"', 'W/4', '"4" "5"', '"4 "', '**', '"4";q=1', "'4'", '*, "4"'];

describe('conditions', () => {
  const { api } = servedForAll();
  let path: string;
  let basket: Basket;
  /** Has a line that the basket can be merged with. */
  let guest: string;
  beforeEach(async () => {
    path = someBasket();
    await api.put(path, replacement([someItem(), someItem()]));
    await api.post(`${path}/items`, addition());
    basket = basketIn(await api.post(`${path}/items`, addition()), 201);
    expect(basket.version).toBe(4);
    guest = someUser('guest');
    await api.post(`${basketOf(guest)}/items`, addition());
  });

  describe('of a read', () => {
    const reads = ['', '/summary'];

    it.each(['"4"', 'W/"4"', '*', ' * ', '"1", "4"', '"3",W/"4" , "5"'])(
      'If-None-Match: %s is answered 304',
      async (value) => {
        for (const route of reads) {
          const answer = await api.get(path + route, { 'if-none-match': value });
          expect(answer).toMatchObject({ status: 304, text: '', headers: { etag: '"4"' } });
        }
      },
    );

    it.each(['"3"', 'W/"5"', '"44"', '"1", "2"', ...ABSENT])('If-None-Match: %s is answered 200', async (value) => {
      for (const route of reads) expect((await api.get(path + route, { 'if-none-match': value })).status).toBe(200);
    });

    it.each(JUNK)('If-None-Match: %s is refused', async (value) => {
      for (const route of reads) {
        const { errors } = refusal(await api.get(path + route, { 'if-none-match': value }), 'validation-failed');
        expect(errors).toEqual([{ pointer: '#/headers/if-none-match', detail: expect.any(String) as unknown }]);
      }
    });

    it('do not hide that there is no basket', async () => {
      await api.delete(path);
      for (const route of reads)
        for (const value of ['*', '"5"'])
          refusal(await api.get(path + route, { 'if-none-match': value }), 'basket-not-found');
    });
  });

  type Write = readonly [title: string, (headers: Headers) => Promise<Answer>];

  /** Each changes the basket when it is done. */
  const writes: readonly Write[] = [
    ['PUT', (headers) => api.put(path, replacement([someItem()]), headers)],
    ['DELETE', (headers) => api.delete(path, headers)],
    ['POST items', (headers) => api.post(`${path}/items`, addition(), headers)],
    ['PATCH item', (headers) => api.patch(`${path}/items/${firstProduct()}`, { quantity: 77 }, headers)],
    ['DELETE item', (headers) => api.delete(`${path}/items/${firstProduct()}`, headers)],
    ['DELETE items', (headers) => api.delete(`${path}/items`, headers)],
    ['POST batch', (headers) => api.post(`${path}/batch`, { commands: [{ type: 'clear' }] }, headers)],
    ['POST merge', (headers) => api.post(`${path}/merge`, { fromUserName: guest }, headers)],
    ['POST checkout', (headers) => api.post(`${path}/checkout`, { version: 4 }, headers)],
  ];
  const isClosing = (status: number) => status === 204 || status === 202;
  const firstProduct = () => basket.items[0]?.productId ?? '';

  describe.each(writes)('of %s', (_, write) => {
    const unchanged = async () => expect(basketIn(await api.get(path))).toEqual(basket);

    it.each(['"4"', '*', '"1", "4"', 'W/"4", "4"'])('If-Match: %s lets it through', async (value) => {
      const { status } = await write({ 'if-match': value });
      expect([200, 201, 202, 204]).toContain(status);
      const later = await api.get(path);
      if (!isClosing(status)) expect(basketIn(later).version).toBe(5);
    });

    it.each(['"3"', '"5"', 'W/"4"', '"1", "2"', ...ABSENT])(
      'If-Match: %s refuses it and tells the version',
      async (value) => {
        const problem = refusal(await write({ 'if-match': value }), 'version-mismatch');
        expect(problem.currentVersion).toBe(4);
        await unchanged();
      },
    );

    it.each(JUNK)('If-Match: %s is refused as it is no entity tag', async (value) => {
      const { errors } = refusal(await write({ 'if-match': value }), 'validation-failed');
      expect(errors?.[0]?.pointer).toBe('#/headers/if-match');
      await unchanged();
    });

    it('may be repeated with the version of its answer', async () => {
      const answer = await write({ 'if-match': '"4"' });
      if (isClosing(answer.status)) return;
      const again = await api.put(path, replacement([someItem()]), { 'if-match': answer.headers.etag as string });
      expect(basketIn(again).version).toBe(6);
    });

    it('lets only one of two through that have seen the same version', async () => {
      const answers = await Promise.all([write({ 'if-match': '"4"' }), write({ 'if-match': '"4"' })]);
      const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
      expect(statuses[0]).toBeLessThan(300);
      expect([404, 412]).toContain(statuses[1]);
    });
  });

  describe('on a user without a basket', () => {
    it('If-Match refuses to open one', async () => {
      await api.delete(path);
      for (const value of ['*', '"5"', '"4"'])
        for (const answer of [
          await api.put(path, replacement(), { 'if-match': value }),
          await api.post(`${path}/items`, addition(), { 'if-match': value }),
          await api.post(`${path}/batch`, { commands: [{ type: 'add-item', ...addition() }] }, { 'if-match': value }),
          await api.post(`${path}/merge`, { fromUserName: guest }, { 'if-match': value }),
        ])
          expect(refusal(answer, 'version-mismatch').currentVersion).toBe(5);
    });

    it('If-Match tells version 0 when there never was one', async () => {
      const answer = await api.put(someBasket(), replacement(), { 'if-match': '*' });
      expect(refusal(answer, 'version-mismatch').currentVersion).toBe(0);
    });

    it('writes that need one are told that it is not there, whatever their condition', async () => {
      await api.delete(path);
      for (const headers of [{ 'if-match': '*' }, { 'if-match': '"4"' }, { 'if-match': '"5"' }])
        for (const answer of [
          await api.delete(path, headers),
          await api.delete(`${path}/items`, headers),
          await api.delete(`${path}/items/${firstProduct()}`, headers),
          await api.patch(`${path}/items/${firstProduct()}`, { quantity: 1 }, headers),
          await api.post(`${path}/batch`, { commands: [{ type: 'clear' }] }, headers),
          await api.post(`${path}/checkout`, { version: 4 }, headers),
        ])
          refusal(answer, 'basket-not-found');
    });
  });

  describe('If-None-Match: * of PUT', () => {
    it('creates a basket where there is none, also after a delete', async () => {
      const fresh = someBasket();
      expect((await api.put(fresh, replacement(), { 'if-none-match': '*' })).status).toBe(201);
      await api.delete(path);
      expect((await api.put(path, replacement(), { 'if-none-match': '*' })).status).toBe(201);
    });

    it('refuses to replace one and tells its version', async () => {
      const answer = await api.put(path, replacement(), { 'if-none-match': '*' });
      expect(refusal(answer, 'version-mismatch').currentVersion).toBe(4);
    });

    it('lets only one of many through that come at once', async () => {
      const fresh = someBasket();
      const put = () => api.put(fresh, replacement([someItem()]), { 'if-none-match': '*' });
      const answers = await Promise.all(Array.from({ length: 20 }, put));
      const created = answers.filter(({ status }) => status === 201);
      expect(created).toHaveLength(1);
      for (const answer of answers) if (answer !== created[0]) refusal(answer, 'version-mismatch');
      expect((await api.get(fresh)).text).toBe(created[0]?.text);
    });

    it('holds together with If-Match only when both hold', async () => {
      refusal(await api.put(path, replacement(), { 'if-match': '"4"', 'if-none-match': '*' }), 'version-mismatch');
      const fresh = someBasket();
      refusal(await api.put(fresh, replacement(), { 'if-match': '*', 'if-none-match': '*' }), 'version-mismatch');
    });
  });

  it('If-None-Match with the current version refuses a PUT (RFC 9110, section 13.1.2)', async () => {
    const answer = await api.put(path, replacement(), { 'if-none-match': '"4"' });
    expect(refusal(answer, 'version-mismatch').currentVersion).toBe(4);
  });
});
