import { randomUUID } from 'node:crypto';
import { basketIn, refusal } from '../support/api.js';
import { someUser } from '../support/app.js';
import { servedForAll } from '../support/served.js';
import { addition, basketOf, replacement, someBasket, someItem } from '../support/shopping.js';
import { exchange } from '../support/wire.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('requests', () => {
  const service = servedForAll();
  const { api } = service;

  describe('are named', () => {
    const routes = [`/baskets/${randomUUID()}`, '/health/live', '/health', '/nowhere', '/docs', '/openapi.json'];

    it.each(['a', 'R-1', 'trace:4bf92f35/00f067aa@host', 'x'.repeat(128), 'a.b_c+d=='])(
      'by their caller: %s',
      async (id) => {
        for (const target of routes) {
          const answer = await exchange(service.url, { method: 'GET', target, headers: { 'x-request-id': id } });
          expect(answer.headers['x-request-id']).toBe(id);
        }
      },
    );

    it.each(['', ' ', 'two words', 'x'.repeat(129), 'a,b', '"a"', '<script>', 'a;b', '{}', 'é', '\t'])(
      'anew when the name given is not sane: %s',
      async (id) => {
        for (const target of routes) {
          const answer = await exchange(service.url, { method: 'GET', target, headers: { 'x-request-id': id } });
          expect(answer.headers['x-request-id']).toMatch(UUID);
        }
      },
    );

    it('anew when several names are given', async () => {
      const headers = { 'x-request-id': ['a', 'b'] };
      const answer = await exchange(service.url, { method: 'GET', target: '/health/live', headers });
      expect(answer.headers['x-request-id']).toMatch(UUID);
    });

    it('each differently when no name is given', async () => {
      const ids = await Promise.all(routes.map(async (path) => (await api.head(path)).headers['x-request-id']));
      expect(new Set(ids).size).toBe(routes.length);
    });

    it('in their problem documents too', async () => {
      const answer = await api.get(someBasket(), { 'x-request-id': 'mine' });
      expect(refusal(answer, 'basket-not-found').requestId).toBe('mine');
    });

    it('by their caller also when the router refuses them', async () => {
      const answer = await exchange(service.url, {
        ...{ method: 'GET', target: '/baskets/%zz' },
        headers: { 'x-request-id': 'mine' },
      });
      expect(refusal(answer, 'malformed-request').requestId).toBe('mine');
    });
  });

  describe('find their route', () => {
    it('in any case, which the names of users keep', async () => {
      const user = `Mixed-${someUser()}`;
      const item = someItem();
      expect((await api.put(`/BASKETS/${user}`, replacement([item]))).headers.location).toBe(`/baskets/${user}`);
      expect(basketIn(await api.get(`/Baskets/${user}`)).userName).toBe(user);
      expect((await api.get(`/baskets/${user}/Summary`)).status).toBe(200);
      expect((await api.patch(`/Baskets/${user}/ITEMS/${item.productId}`, { quantity: 9 })).status).toBe(200);
      expect((await api.delete(`/baskets/${user}/Items`)).status).toBe(200);
      expect((await api.get('/Health/READY')).status).toBe(200);
      refusal(await api.get(basketOf(user.toLowerCase())), 'basket-not-found');
    });

    it('with a slash at their end', async () => {
      const path = someBasket();
      expect((await api.post(`${path}/items/`, addition())).status).toBe(201);
      expect((await api.get(`${path}/`)).text).toBe((await api.get(path)).text);
      expect((await api.get(`${path}/summary/`)).status).toBe(200);
      expect((await api.get('/health/live/')).status).toBe(200);
      expect((await api.delete(`${path}/`)).status).toBe(204);
    });

    it('whatever their query says', async () => {
      const path = someBasket();
      await api.put(path, replacement());
      for (const query of [
        '?',
        '?x=1',
        '?__proto__=1',
        '?constructor[prototype][a]=1',
        '?%zz=%',
        '?a=1&a=2',
        '??',
        '?#',
      ])
        expect((await exchange(service.url, { method: 'GET', target: path + query })).status).toBe(200);
    });

    it('or are told that there is none', async () => {
      const path = someBasket();
      const targets = ['/', '//', '/baskets', '/baskets/', '/baskets//', '/baskets//items', `${path}/nothing`];
      for (const target of [...targets, `${path}/items/${randomUUID()}/x`, `/v1${path}`, '/health/nothing', '/metrics'])
        for (const method of ['GET', 'POST', 'DELETE'])
          refusal(await exchange(service.url, { method, target }), 'route-not-found');
    });

    it('only by the methods that it has', async () => {
      const path = someBasket();
      await api.put(path, replacement());
      for (const method of ['POST', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'])
        refusal(await exchange(service.url, { method, target: path }), 'route-not-found');
      for (const [method, target] of [
        ['PUT', `${path}/items`],
        ['GET', `${path}/items`],
        ['POST', `${path}/summary`],
        ['GET', `${path}/items/${randomUUID()}`],
        ['POST', '/health'],
        ['DELETE', '/docs'],
      ] as const)
        refusal(await exchange(service.url, { method, target }), 'route-not-found');
    });
  });

  describe('by HEAD', () => {
    it('are answered like GET, without the body', async () => {
      const path = someBasket();
      await api.put(path, replacement([someItem()]));
      for (const target of [path, `${path}/summary`]) {
        const get = await api.get(target);
        const head = await api.head(target);
        expect(head).toMatchObject({ status: 200, text: '', headers: { etag: '"2"' } });
        for (const name of ['content-type', 'content-length']) expect(head.headers[name]).toBe(get.headers[name]);
      }
      expect((await api.head(path, { 'if-none-match': '"2"' })).status).toBe(304);
      expect((await api.head(someBasket())).status).toBe(404);
      expect((await api.head('/health/live')).status).toBe(200);
    });
  });

  describe('for users with unusual names', () => {
    const twoForms = (name: string) => [name.normalize('NFC'), name.normalize('NFD')] as const;

    it.each(['Åsa', 'Ångström', '각', 'naïve', 'ﬀi-é'])('reach one basket by both Unicode forms: %s', async (name) => {
      const [composed, decomposed] = twoForms(`${name}-${someUser()}`);
      expect(composed).not.toBe(decomposed);
      const answer = await api.put(basketOf(decomposed), replacement([someItem()]));
      expect(basketIn(answer, 201).userName).toBe(composed);
      expect(answer.headers.location).toBe(basketOf(composed));
      expect((await api.get(basketOf(composed))).text).toBe(answer.text);
      expect((await api.get(basketOf(decomposed))).text).toBe(answer.text);
      expect((await api.delete(basketOf(composed))).status).toBe(204);
      refusal(await api.get(basketOf(decomposed)), 'basket-not-found');
    });

    it.each([
      '😀',
      'a b',
      '%',
      '%2f',
      '%00',
      '..a',
      'a..',
      'a?b',
      'a#b',
      'a&b=c',
      '"',
      "'",
      '<b>',
      '\\',
      ';',
      ':',
      '{a}',
      '*',
      '\u202e',
      '\ufeff',
      '$1',
    ])('keep a basket of their own: %s', async (name) => {
      const user = `${name}-${someUser()}`;
      const answer = await api.post(`${basketOf(user)}/items`, addition());
      expect(basketIn(answer, 201).userName).toBe(user);
      expect(basketIn(await api.get(basketOf(user))).userName).toBe(user);
      expect((await api.delete(answer.headers.location as string)).status).toBe(200);
    });

    it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'items', 'summary', 'null', 'undefined', '0'])(
      'find nobody else’s basket: %s',
      async (name) => {
        const answer = await api.get(basketOf(name));
        if (answer.status === 200) expect(basketIn(answer).userName).toBe(name);
        else refusal(answer, 'basket-not-found');
      },
    );

    it('are decoded once', async () => {
      const rest = someUser();
      await api.put(`/baskets/%61${rest}`, replacement());
      expect(basketIn(await api.get(basketOf(`a${rest}`))).userName).toBe(`a${rest}`);
      refusal(await api.get(`/baskets/%2561${rest}`), 'basket-not-found');
      const literal = basketIn(await api.put(`/baskets/%2561${rest}`, replacement()), 201);
      expect(literal.userName).toBe(`%61${rest}`);
    });

    it.each([
      ['a slash', 'a%2Fb'],
      ['a NUL', 'a%00b'],
      ['a line break', 'a%0d%0aSet-Cookie:%20a'],
      ['a C1 control', '%C2%85'],
      ['a DEL', '%7F'],
      ['one dot', '%2e'],
      ['two dots', '..'],
      ['two encoded dots', '%2e%2E'],
      ['129 characters', 'n'.repeat(129)],
      ['129 characters beyond the BMP', '%F0%9F%98%80'.repeat(129)],
      ['129 characters after composition', 'e%CC%81'.repeat(129)],
    ])('are refused by the rules: %s', async (_, segment) => {
      for (const suffix of ['', '/summary']) {
        const answer = await exchange(service.url, { method: 'GET', target: `/baskets/${segment}${suffix}` });
        expect(refusal(answer, 'validation-failed').errors).toMatchObject([{ pointer: '#/path/userName' }]);
      }
    });

    it.each([
      ['ASCII', 'n'],
      ['beyond the BMP', '😀'],
      ['composed of two', 'e\u0301'],
    ])('may have 128 characters: %s', async (_, character) => {
      const user = character.repeat(128 - 36).normalize('NFC') + randomUUID();
      expect(basketIn(await api.put(basketOf(user), replacement()), 201).userName).toBe(user);
    });
  });
});
