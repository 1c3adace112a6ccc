import { servedForAll } from '../support/served.js';

interface Health {
  readonly status: string;
  readonly details: Readonly<Record<string, { readonly status: string; readonly kind?: string }>>;
}

// A cache in the process would miss what other processes write to the same server.
const cacheKind = process.env.REDIS_URL ? 'redis' : process.env.DATABASE_URL ? 'none' : 'in-process';

describe('health', () => {
  const { api } = servedForAll();

  it('is live without asking anything else', async () => {
    const answer = await api.get('/health/live');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({ status: 'ok', info: {}, error: {}, details: {} });
  });

  it.each(['/health', '/health/ready'])('tells each component at %s', async (path) => {
    const answer = await api.get(path);
    expect(answer.status).toBe(200);
    const { status, details } = JSON.parse(answer.text) as Health;
    expect(status).toBe('ok');
    expect(details).toMatchObject({
      lifecycle: { status: 'up' },
      database: { status: 'up', kind: process.env.DATABASE_URL ? 'postgres' : 'embedded' },
      cache: { status: 'up', kind: cacheKind },
    });
  });

  it.each(['/health', '/health/live', '/health/ready'])('is not to be cached on the way: %s', async (path) => {
    expect((await api.get(path)).headers['cache-control']).toMatch(/no-store/);
  });
});
