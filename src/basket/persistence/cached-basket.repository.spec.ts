import { jest } from '@jest/globals';
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

/** A store of which the test says what it does. */
class Stored extends BasketRepository {
  reads = 0;
  version = 7;

  find(): Promise<BasketDocument> {
    this.reads++;
    return Promise.resolve(document(this.version));
  }

  update(): Promise<BasketUpdate> {
    const none = noBasket('alice');
    return Promise.resolve({
      before: none,
      after: none,
      events: [],
      document: document(++this.version),
      replayed: false,
    });
  }
}

async function cacheWith(version: number) {
  const cache = new MemoryBasketCache(300);
  const { lease = '' } = (await cache.look('alice')) as { lease?: string };
  await cache.fill('alice', document(version), lease);
  return cache;
}

describe('A read', () => {
  it('is answered from the store once, and from the cache from then on', async () => {
    const store = new Stored();
    const cached = new CachedBasketRepository(store, new MemoryBasketCache(300));
    for (let time = 0; time < 3; time++) expect(await cached.find('alice')).toEqual(document(7));
    expect(store.reads).toBe(1);
  });

  it('leaves the cache as it is while another one has the lease to fill it', async () => {
    const [store, cache] = [new Stored(), new MemoryBasketCache(300)];
    const fill = jest.spyOn(cache, 'fill');
    await cache.look('alice');
    expect(await new CachedBasketRepository(store, cache).find('alice')).toEqual(document(7));
    expect(fill).not.toHaveBeenCalled();
    expect(await cache.look('alice')).toEqual({});
  });
});

describe('A write', () => {
  it('takes the place of what the cache has, and is what the next read gets', async () => {
    const store = new Stored();
    const cached = new CachedBasketRepository(store, await cacheWith(7));
    expect((await cached.update('alice', () => [])).document).toEqual(document(8));
    expect(await cached.find('alice')).toEqual(document(8));
    expect(store.reads).toBe(0);
  });
});

describe('A write that is answered as it was before', () => {
  it('takes out of the cache what is older: whoever wrote it may have died before it told the cache', async () => {
    const cached = new CachedBasketRepository(new Repeated(7, 7), await cacheWith(6));
    expect((await cached.find('alice')).version).toBe(6);
    await cached.update('alice', () => []);
    expect((await cached.find('alice')).version).toBe(7);
  });

  it('puts nothing in its place: more may have happened since', async () => {
    const cached = new CachedBasketRepository(new Repeated(9, 7), await cacheWith(6));
    await cached.update('alice', () => []);
    expect((await cached.find('alice')).version).toBe(9);
  });

  it('leaves there what is newer', async () => {
    const cache = await cacheWith(9);
    await new CachedBasketRepository(new Repeated(9, 7), cache).update('alice', () => []);
    expect(await cache.look('alice')).toEqual({ basket: document(9) });
  });
});
