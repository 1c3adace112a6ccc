import { LRUCache } from 'lru-cache';

const MINUTE_MS = 60_000;
/** Callers that are remembered; whoever falls out begins anew, with what Redis knows. */
const MOST_CALLERS = 50_000;
/** A process tells the others of a caller in steps of this part of a minute's requests; that is what each may be over. */
const STEPS_A_MINUTE = 20;
/** Redis is left alone for so long after a failure. */
const REST_MS = 1000;

/** What the processes know together. */
export interface SharedRates {
  /**
   * Adds to a bucket.
   *
   * @param ms as in `Bucket.emptyAt`
   * @returns milliseconds until the bucket is empty
   */
  add(key: string, ms: number): Promise<number>;
  close(): Promise<void>;
}

interface Bucket {
  /** A request fills in its share of a minute, and time drains it: when all of it will have drained. */
  emptyAt: number;
  untold: number;
}

/**
 * A leaky bucket for each caller that holds a minute's requests: all of them at once, then one each time its share of a minute is over.
 * Decisions are made here, without waiting; what a caller used elsewhere is learnt from Redis, at each step. Without Redis each process counts for itself.
 */
export class RateLimiter {
  private readonly buckets = new LRUCache<string, Bucket>({ max: MOST_CALLERS });
  private readonly share: number;
  private readonly step: number;
  private restUntil = Number.NEGATIVE_INFINITY;

  constructor(
    perMinute: number,
    private readonly shared?: SharedRates,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.share = MINUTE_MS / perMinute;
    this.step = Math.max(1, Math.floor(perMinute / STEPS_A_MINUTE));
  }

  /** Counts a request, if it may be served. @returns seconds until one may be; 0 for now */
  take(key: string): number {
    const now = this.now();
    const bucket = this.buckets.get(key) ?? this.begin(key);
    const level = Math.max(bucket.emptyAt - now, 0) + this.share;
    if (level > MINUTE_MS + 1e-6) return secondsOf(level - MINUTE_MS);
    bucket.emptyAt = now + level;
    if (++bucket.untold >= this.step && this.shared && now >= this.restUntil) void this.tell(this.shared, key, bucket);
    return 0;
  }

  /** The same without counting it. */
  wait(key: string): number {
    const bucket = this.buckets.get(key);
    const over = bucket ? bucket.emptyAt - this.now() + this.share - MINUTE_MS : 0;
    return over > 1e-6 ? secondsOf(over) : 0;
  }

  async close(): Promise<void> {
    await this.shared?.close();
  }

  private begin(key: string): Bucket {
    const bucket = { emptyAt: 0, untold: 0 };
    this.buckets.set(key, bucket);
    return bucket;
  }

  private async tell(shared: SharedRates, key: string, bucket: Bucket): Promise<void> {
    const told = bucket.untold;
    bucket.untold = 0;
    try {
      const level = await shared.add(key, told * this.share);
      bucket.emptyAt = Math.max(bucket.emptyAt, this.now() + level + bucket.untold * this.share);
    } catch {
      bucket.untold += told;
      this.restUntil = this.now() + REST_MS;
    }
  }
}

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
