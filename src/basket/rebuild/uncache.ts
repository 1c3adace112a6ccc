import { setTimeout } from 'node:timers/promises';
import { connectRedis } from '../persistence/redis.js';
import { keyOf } from '../persistence/redis-scripts.js';

const ANSWER_MS = 2000;
const ATTEMPTS = 20;
const PAUSE_MS = 250;

/**
 * Removes baskets from the cache whatever their version: a wrong one has the same version as the right one. The lease
 * of a reader that is about to fill in what it read before goes with it.
 */
export class Uncache {
  private readonly redis;
  private gone = false;

  constructor(urls: readonly string[]) {
    this.redis = connectRedis(urls, ANSWER_MS);
    this.redis.on('error', () => undefined); // Its commands fail with it.
  }

  /** @returns false when Redis did not answer for a while; it is not asked again then */
  async remove(userName: string): Promise<boolean> {
    for (let attempt = 1; !this.gone && attempt <= ATTEMPTS; attempt++) {
      try {
        await this.redis.del(keyOf(userName));
        return true;
      } catch {
        await setTimeout(PAUSE_MS);
      }
    }
    this.gone = true;
    return false;
  }

  close(): void {
    this.redis.disconnect();
  }
}
