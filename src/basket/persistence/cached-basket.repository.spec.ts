import { noBasket } from '../domain/basket.js';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument, BasketUpdate } from '../basket.repository.js';
import { CachedBasketRepository } from './cached-basket.repository.js';
import { MemoryBasketCache } from './memory-basket-cache.js';

const document = (version: number): BasketDocument => ({ version, json: `{"version":${version}}` });

/** Its last write is a repeat of the one that led to a version. */
class Repeated extends BasketRepository {
  constructor(
    private readonly stored: number,
    private readonly replayed: number,
  ) {
    super();
  }

  find(): Promise<BasketDocument> {
    return Promise.resolve(document(this.stored));
  }

  update(): Promise<BasketUpdate> {
    const none = noBasket('alice');
    return Promise.resolve({
      before: none,
      after: none,
      events: [],
      document: document(this.replayed),
      replayed: true,
    });
  }
}

describe('A write that is answered as it was before', () => {
  async function cacheWith(version: number) {
    const cache = new MemoryBasketCache(300);
    const { lease = '' } = (await cache.look('alice')) as { lease?: string };
    await cache.fill('alice', document(version), lease);
    return cache;
  }

  it('takes out of the cache what is older: whoever wrote it may have died before it told the cache', async () => {
    const cached = new CachedBasketRepository(new Repeated(7, 7), await cacheWith(6));
    expect((await cached.find('alice')).version).toBe(6);
    await cached.update('alice', () => []);
    expect((await cached.find('alice')).version).toBe(7);
  });

  it('leaves there what is newer', async () => {
    const cache = await cacheWith(9);
    await new CachedBasketRepository(new Repeated(9, 7), cache).update('alice', () => []);
    expect(await cache.look('alice')).toEqual({ basket: document(9) });
  });
});
