import type { Headers } from '../support/api.js';
import { serve, servedForAll } from '../support/served.js';
import { addition, someBasket } from '../support/shopping.js';
import { exchange } from '../support/wire.js';

const SHOP = 'https://shop.example';

const sentFrom = async (service: { url: string }, method: string, target: string, headers: Headers) =>
  (await exchange(service.url, { method, target, headers })).headers;

describe('A page of the shop', () => {
  const service = servedForAll({ CORS_ORIGINS: `${SHOP}, http://localhost:5173`, AUTH_MODE: 'none' });

  const preflight = (origin: string, headers: string, method = 'PATCH') =>
    fetch(`${service.url}/baskets/a/items/b`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
    });

  it('may send what the API takes', async () => {
    const wanted =
      'authorization, content-type, guest-authorization, idempotency-key, if-match, if-none-match, last-event-id, traceparent, x-request-id';
    const response = await preflight(SHOP, wanted);
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(response.headers.get('access-control-allow-methods')?.split(', ')).toContain('PATCH');
    const allowed = response.headers.get('access-control-allow-headers')?.toLowerCase().split(', ').sort();
    expect(allowed).toEqual(wanted.split(', '));
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    expect(response.headers.get('x-request-id')).not.toBeNull();
  });

  it('may read what the API tells in headers, refusals included', async () => {
    const path = someBasket();
    for (const answer of [
      await service.api.post(`${path}/items`, addition(), { origin: SHOP }),
      await service.api.get(path, { origin: SHOP }),
      await service.api.get(`${path}/items`, { origin: SHOP }),
      await service.api.post(`${path}/items`, '{', { origin: SHOP }),
    ]) {
      expect(answer.headers['access-control-allow-origin']).toBe(SHOP);
      expect(String(answer.headers['access-control-expose-headers']).split(', ')).toEqual(
        expect.arrayContaining(['ETag', 'Location', 'Retry-After', 'Idempotent-Replay', 'X-Request-Id']),
      );
      expect(answer.headers.vary).toBe('Origin');
    }
  });

  it.each([
    'https://evil.example',
    'https://shop.example.evil.example',
    'http://shop.example',
    'null',
    'https://SHOP.example.',
  ])('is one of ours, not one of %s', async (origin) => {
    expect((await preflight(origin, 'if-match')).headers.get('access-control-allow-origin')).toBeNull();
    const headers = await sentFrom(service, 'GET', someBasket(), { origin });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('needs to be named: by default no other origin may call', async () => {
    await using closed = await serve();
    const headers = await sentFrom(closed, 'GET', someBasket(), { origin: SHOP });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('What browsers are told', () => {
  const service = servedForAll();

  it.each(['/baskets/a', '/baskets/..', '/nothing', '/health', '/openapi.json'])(
    'of %s: it is no page',
    async (target) => {
      expect(await sentFrom(service, 'GET', target, {})).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
      });
    },
  );

  it('of TLS in front, when a proxy that is trusted tells of it: to insist on it', async () => {
    await using proxied = await serve({ TRUST_PROXY: '127.0.0.1' });
    const overTls = { 'x-forwarded-proto': 'https' };
    for (const target of ['/baskets/a', '/docs'])
      expect((await sentFrom(proxied, 'GET', target, overTls))['strict-transport-security']).toBe('max-age=31536000');
    // RFC 6797 forbids it where there is none, or nobody to believe.
    expect(await sentFrom(proxied, 'GET', '/baskets/a', {})).not.toHaveProperty('strict-transport-security');
    expect(await sentFrom(service, 'GET', '/baskets/a', overTls)).not.toHaveProperty('strict-transport-security');
  });

  it('of Swagger UI: scripts come from here, and nobody frames it', async () => {
    const headers = await sentFrom(service, 'GET', '/docs', {});
    expect(headers['content-security-policy']).toMatch(/^default-src 'none';script-src 'self';/);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['x-powered-by']).toBeUndefined();
  });
});
