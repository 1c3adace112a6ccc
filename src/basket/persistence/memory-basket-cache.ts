import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { counts } from '../../telemetry/counts.js';
import type { BasketDocument } from '../basket.repository.js';
import { BasketCache, LEASE_MS } from './basket-cache.js';
import type { Look } from './basket-cache.js';

const MOST_BYTES = 64 * 1024 * 1024;

/** For a service that is the only process on its database. */
export class MemoryBasketCache extends BasketCache {
  readonly kind = 'in-process';
  /** A lease stands in its place as a string. */
  private readonly places: LRUCache<string, BasketDocument | string>;

  constructor(ttlSeconds: number) {
    super();
    this.places = new LRUCache({
      maxSize: MOST_BYTES,
      sizeCalculation: (place) => 200 + (typeof place === 'string' ? place.length : 2 * (place.json?.length ?? 0)),
      ttl: ttlSeconds * 1000,
    });
  }

  look(userName: string): Promise<Look> {
    const place = this.places.get(userName);
    if (place && typeof place !== 'string') {
      counts.cacheHits++;
      return Promise.resolve({ basket: place });
    }
    counts.cacheMisses++;
    if (place !== undefined) return Promise.resolve({});
    const lease = randomUUID();
    this.places.set(userName, lease, { ttl: LEASE_MS });
    return Promise.resolve({ lease });
  }

  fill(userName: string, basket: BasketDocument, lease: string): Promise<void> {
    if (this.places.get(userName) === lease) this.places.set(userName, basket);
    else counts.cacheStaleDiscards++;
    return Promise.resolve();
  }

  put(userName: string, basket: BasketDocument): Promise<void> {
    const place = this.places.get(userName);
    if (place === undefined) return Promise.resolve();
    if (typeof place === 'string') this.places.delete(userName);
    else if (place.version < basket.version) this.places.set(userName, basket);
    return Promise.resolve();
  }

  drop(userName: string, version: number): Promise<void> {
    const place = this.places.get(userName);
    if (typeof place === 'string' || (place && place.version < version)) this.places.delete(userName);
    return Promise.resolve();
  }

  ping(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    this.places.clear();
    return Promise.resolve();
  }
}
