import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { COMMAND_TIMEOUT_MS, connectRedis } from '../../src/basket/persistence/redis.js';
import { RateLimiter } from '../../src/limits/rate-limiter.js';
import { RedisRates } from '../../src/limits/redis-rates.js';
import { refusal } from '../support/api.js';
import { someUser } from '../support/app.js';
import { eventually } from '../support/eventually.js';
import { Issuer, bearing } from '../support/issuer.js';
import { RedisServer } from '../support/redis-server.js';
import { serve } from '../support/served.js';
import { describeWith } from '../support/servers.js';
import { figure, sized } from '../support/sizes.js';

const LIMIT = sized(20, 40);
const STEP = LIMIT / 20;

/** How many of the requests were served; the others are refused as they should be. */
async function servedOf(send: () => Promise<{ status: number; headers: object; text: string }>, times: number) {
  let served = 0;
  for (let n = 0; n < times; n++) {
    const answer = await send();
    if (answer.status === 429) {
      const wait = Number((answer.headers as Record<string, string>)['retry-after']);
      expect(wait).toBeGreaterThanOrEqual(1);
      expect(wait).toBeLessThanOrEqual(60);
    } else served++;
  }
  return served;
}

/** The bucket drains while the test runs. */
const since = (start: number) => Math.ceil(((performance.now() - start) / 60_000) * LIMIT);

/** Other suites send from the same address: what that one has used up must not get into the Redis of all. */
const ALONE = { REDIS_URL: '' };

describe('With a limit, a caller', () => {
  it('who has a token is known by its subject, wherever it sends from', async () => {
    await using issuer = await Issuer.start();
    await using service = await serve({ ...issuer.env, ...ALONE, RATE_LIMIT_PER_MINUTE: String(LIMIT) });
    const start = performance.now();
    const read = async (user: string, headers = {}) => {
      const authorization = bearing(await issuer.token({ sub: user }));
      return () => service.api.get(`/baskets/${user}`, { ...authorization, ...headers });
    };
    const [alice, bob] = [someUser('alice'), someUser('bob')];
    const served = await servedOf(await read(alice), LIMIT + 20);
    expect(served).toBeGreaterThanOrEqual(LIMIT);
    expect(served).toBeLessThanOrEqual(LIMIT + since(start));
    refusal(await (await read(alice, { 'x-forwarded-for': '203.0.113.9' }))(), 'rate-limited');
    // Others are not concerned, nor is what everybody may see.
    refusal(await (await read(bob))(), 'basket-not-found');
    expect((await service.api.get('/health/live')).status).toBe(200);
    expect((await service.api.get('/openapi.json')).status).toBe(200);
  });

  it('who sends wrong tokens is known by address, and has no more of them checked', async () => {
    await using issuer = await Issuer.start();
    await using service = await serve({ ...issuer.env, ...ALONE, RATE_LIMIT_PER_MINUTE: String(LIMIT) });
    const user = someUser();
    const path = `/baskets/${user}`;
    const good = bearing(await issuer.token({ sub: user }));
    refusal(await service.api.get(path, good), 'basket-not-found');
    const wrong = () => service.api.get(path, bearing(`a.b.${randomUUID()}`));
    expect(await servedOf(wrong, LIMIT + 20)).toBeLessThan(LIMIT + 10);
    refusal(await wrong(), 'rate-limited');
    refusal(await service.api.get(path), 'rate-limited');
    // Whose token is known already goes on.
    refusal(await service.api.get(path, good), 'basket-not-found');
  });

  it.each([
    ['', true],
    ['10.0.0.0/8', true],
    ['loopback', false],
  ])(
    'who says to come from elsewhere is believed only from behind a trusted proxy (%j)',
    async (proxies, isLimited) => {
      await using service = await serve({ ...ALONE, RATE_LIMIT_PER_MINUTE: String(LIMIT), TRUST_PROXY: proxies });
      let address = 0;
      const read = () =>
        service.api.get(`/baskets/${someUser()}`, {
          'x-forwarded-for': `203.0.113.${(address = (address + 1) % 250)}`,
        });
      const served = await servedOf(read, LIMIT + 10);
      if (isLimited) expect(served).toBeLessThan(LIMIT + 10);
      else expect(served).toBe(LIMIT + 10);
    },
  );

  it('is not limited at 0', async () => {
    await using service = await serve({ RATE_LIMIT_PER_MINUTE: '0' });
    expect(await servedOf(() => service.api.get('/baskets/a'), LIMIT + 10)).toBe(LIMIT + 10);
  });
});

/** How many requests of one caller two processes serve, and how many they may. */
async function servedByTwo(redisUrl: string, attempts = 1): Promise<{ served: number; most: number }> {
  const env = { RATE_LIMIT_PER_MINUTE: String(LIMIT), TRUST_PROXY: 'loopback', REDIS_URL: redisUrl };
  await using one = await serve(env);
  await using other = await serve(env);
  for (const { api } of [one, other]) await eventually(async () => (await api.get('/health/ready')).status === 200);
  const measure = async () => {
    const address = { 'x-forwarded-for': `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1` };
    const start = performance.now();
    let turn = 0;
    const served = await servedOf(() => (turn++ % 2 ? one : other).api.get('/baskets/a', address), 2 * LIMIT + 20);
    return { served, most: LIMIT + 2 * STEP + since(start) };
  };
  // On a busy machine Redis may be late, once, and then each process counts for itself for a second.
  for (let attempt = 1; ; attempt++) {
    const measured = await measure();
    if (measured.served <= measured.most || attempt === attempts) return measured;
    await setTimeout(1000);
  }
}

describeWith(['redis'], 'Two processes with a Redis', () => {
  it('let a caller be over the limit by a step each at most', async () => {
    const { served, most } = await servedByTwo(process.env.REDIS_URL ?? '', 3);
    figure('rate limits', `2 processes serve ${served} of ${2 * LIMIT + 20} requests at a limit of ${LIMIT}`);
    expect(served).toBeGreaterThanOrEqual(LIMIT);
    expect(served).toBeLessThanOrEqual(most);
  });
});

describe('Two processes that do not share what they count', () => {
  it('let a caller be over the limit by far: the test above can fail', async () => {
    const { served, most } = await servedByTwo('');
    figure('rate limits (control: not shared)', `2 processes serve ${served} requests at a limit of ${LIMIT}`);
    expect(served).toBeGreaterThan(most);
  });
});

describeWith(['redis'], 'While Redis is down', () => {
  it('nothing is refused that should be served, and the limit holds in each process', async () => {
    await using redis = await RedisServer.start();
    const rates = new RedisRates(connectRedis([redis.url], COMMAND_TIMEOUT_MS));
    const limiter = new RateLimiter(LIMIT, rates);
    await eventually(() => rates.add('warm', 1));
    const takeAll = () =>
      Array.from({ length: LIMIT + 10 }, () => limiter.take(randomUUID())).filter((wait) => wait > 0);
    expect(takeAll()).toEqual([]);
    await redis.kill();
    expect(takeAll()).toEqual([]);
    const key = randomUUID();
    expect(Array.from({ length: LIMIT + 10 }, () => limiter.take(key)).filter((wait) => wait === 0)).toHaveLength(
      LIMIT,
    );
    await limiter.close();
  });
});
