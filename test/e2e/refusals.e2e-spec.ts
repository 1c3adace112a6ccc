import { randomUUID } from 'node:crypto';
import { basketIn, refusal } from '../support/api.js';
import { someUser } from '../support/app.js';
import { servedForAll } from '../support/served.js';
import { addition, basketOf, replacement, someBasket, someItem } from '../support/shopping.js';
import { exchange } from '../support/wire.js';

const json = { 'content-type': 'application/json' };

describe('refusals', () => {
  const service = servedForAll();
  const { api } = service;
  let user: string;
  let path: string;
  let items: string;
  beforeEach(() => {
    user = someUser();
    path = basketOf(user);
    items = `${path}/items`;
  });

  it('are problem documents with all that the contract promises of them', async () => {
    const { productId } = someItem();
    await api.put(path, replacement());
    const answer = await api.patch(`${items}/${productId}?a=b`, { quantity: 3 });
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(JSON.parse(answer.text)).toEqual({
      type: 'https://basket.example/problems/item-not-found',
      title: 'The basket has no such item',
      status: 404,
      detail: `Product ${productId} is not in the basket of ${user}.`,
      instance: `${items}/${productId}`,
      code: 'item-not-found',
      requestId: answer.headers['x-request-id'],
    });
  });

  describe('of bodies', () => {
    it.each([
      '{',
      '{"quantity":1',
      '{quantity:1}',
      "{'quantity':1}",
      '{"quantity":01}',
      '{"quantity":NaN}',
      '{"a":1}x',
      '\0',
      '{"a":"\t"}',
    ])('that are no JSON: %j', async (body) => {
      for (const answer of [
        await api.post(items, body),
        await api.put(path, body),
        await api.patch(`${items}/${randomUUID()}`, body),
      ])
        refusal(answer, 'malformed-json');
    });

    it('never quote them', async () => {
      const answer = await api.post(items, '{"secret-canary": x}');
      refusal(answer, 'malformed-json');
      expect(answer.text).not.toContain('canary');
    });

    it.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/merge-patch+json',
      'application/jsonx',
      'text/json',
      'application/xml',
      '/',
      '',
    ])('that are not declared as JSON: %s', async (type) => {
      for (const [method, target] of [
        ['POST', items],
        ['PUT', path],
        ['PATCH', `${items}/${randomUUID()}`],
      ] as const) {
        const request = { method, target, headers: { 'content-type': type }, body: JSON.stringify(addition()) };
        refusal(await exchange(service.url, request), 'unsupported-media-type');
      }
    });

    it('that name no type at all', async () => {
      const request = { method: 'POST', target: items, body: JSON.stringify(addition()) };
      refusal(await exchange(service.url, request), 'unsupported-media-type');
    });

    it('take JSON with any parameters of its type', async () => {
      for (const type of [
        'application/json;charset=utf-8',
        'Application/JSON; charset="UTF-8"',
        'application/json;x=y',
      ])
        basketIn(await api.post(`${someBasket()}/items`, addition(), { 'content-type': type }), 201);
    });

    it('that are larger than a quarter of a mebibyte', async () => {
      const body = JSON.stringify({ ...addition(), productName: 'n'.repeat(262_144) });
      for (const [method, target] of [
        ['POST', items],
        ['PUT', path],
        ['PATCH', `${items}/${randomUUID()}`],
      ] as const)
        for (const framing of [{}, { 'transfer-encoding': 'chunked' }])
          refusal(
            await exchange(service.url, { method, target, headers: { ...json, ...framing }, body }),
            'payload-too-large',
          );
    });

    it('that a read or delete does not need are not looked at, or refused by the contract', async () => {
      await api.put(path, replacement([someItem()]));
      for (const method of ['GET', 'DELETE'])
        for (const [type, body] of [
          ['application/json', '{}'],
          ['application/json', '{'],
          ['text/plain', 'a'],
          ['application/json', `"${'a'.repeat(262_145)}"`],
        ] as const) {
          const request = {
            method,
            target: items.replace('/items', '/summary'),
            headers: { 'content-type': type },
            body,
          };
          const target = method === 'GET' ? request.target : `${items}/${randomUUID()}`;
          const { status } = await exchange(service.url, { ...request, target });
          expect(status).toBeLessThan(500);
        }
    });
  });

  describe('of heads', () => {
    it('whose path has a part that is too long', async () => {
      const answer = await exchange(service.url, { method: 'GET', target: `/baskets/${'a'.repeat(2000)}` });
      refusal(answer, 'uri-too-long');
    });

    it('that are too large', async () => {
      for (const request of [
        { target: `/baskets/${'a'.repeat(20_000)}` },
        { target: `${path}?${'a'.repeat(20_000)}` },
        { target: path, headers: { 'x-large': 'a'.repeat(20_000) } },
        { target: path, headers: Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`x-${at}`, ''])) },
      ])
        refusal(await exchange(service.url, { method: 'GET', ...request }), 'headers-too-large');
    });

    it.each(['%', '%z', '%zz', '%1', '%ff', '%c3%28', '%ed%a0%80', '%c0%ae', '%f8%88%80%80%80'])(
      'whose path is not well encoded: %s',
      async (segment) => {
        for (const target of [`/baskets/${segment}`, `/baskets/${segment}/summary`, `${items}/${segment}`])
          for (const method of ['GET', 'PATCH', 'DELETE']) {
            const answer = await exchange(service.url, { method, target });
            expect([400, 404]).toContain(answer.status);
          }
      },
    );
  });
});
