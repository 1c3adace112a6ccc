import { randomInt, randomUUID } from 'node:crypto';
import type { Database } from '../database/database.js';
import { BUCKETS } from './buckets.js';
import { CLEAR_SEATS, LEASES, OPEN, RENEW, SIT, TAKE } from './lease-statements.js';
import type { LeaseRecord } from './lease-statements.js';

/** Others may take a lease when the database's clock is this far past the holder's last renewal. */
export const LEASE_MS = 10_000;

/** The holder stops this soon: what it has sent by then has arrived or failed long before anybody takes over. */
export const HOLD_MS = LEASE_MS / 2;

const FREE = new Date(0);
const SEATS = 32_767;

/**
 * The buckets that this relay may publish. With several relays each holds its share.
 *
 * Leases are written and judged by the database's clock, and what is held by the monotonic clock of this process, from
 * before the lease was written: no wall clock that jumps or differs makes a bucket be held for too long.
 */
export class Leases {
  readonly owner = randomUUID();
  private readonly seat = -1 - randomInt(SEATS);
  /** Bucket to the time until which it is held. */
  private readonly held = new Map<number, number>();

  /** @param now milliseconds of a clock that never jumps */
  constructor(
    private readonly database: Database,
    private readonly now = (): number => performance.now(),
  ) {}

  holds(bucket: number): boolean {
    return (this.held.get(bucket) ?? Number.NEGATIVE_INFINITY) > this.now();
  }

  get buckets(): number[] {
    return [...this.held.keys()].filter((bucket) => this.holds(bucket));
  }

  /** Renews what is held, takes what is free up to a fair share, and gives away what is above it. */
  async balance(deadline: number): Promise<void> {
    const heldUntil = this.now() + HOLD_MS;
    const rows = await this.read(deadline);
    const readAt = rows[0]?.read_at.getTime() ?? 0;
    const expiresAt = new Date(readAt + LEASE_MS);
    const [live, expired] = partition(rows, (lease) => isLive(lease, readAt));

    const owners = new Set(live.map(({ owner }) => owner)).add(this.owner);
    const share = Math.ceil(BUCKETS / owners.size);
    const mine = live.filter(({ bucket, owner }) => bucket >= 0 && owner === this.owner).map(({ bucket }) => bucket);
    const keep = mine.slice(0, share);
    await this.renew(keep, heldUntil, expiresAt, deadline);
    await this.giveBack(mine.slice(share), deadline);
    const free = expired.filter(({ bucket }) => bucket >= 0).slice(0, share - keep.length);
    if (free.length > 0) await this.take(free, heldUntil, expiresAt, deadline);

    if (!live.some(({ bucket, owner }) => bucket === this.seat && owner === this.owner))
      await this.database.query(SIT, [this.seat, this.owner, expiresAt], deadline);
    if (expired.some(({ bucket }) => bucket < 0 && bucket !== this.seat))
      await this.database.query(CLEAR_SEATS, [new Date(readAt)], deadline);
  }

  /** Lets others go on at once. */
  async release(deadline: number): Promise<void> {
    await this.giveBack([...this.held.keys(), this.seat], deadline);
  }

  private async read(deadline: number): Promise<LeaseRecord[]> {
    const { rows } = await this.database.query<LeaseRecord>(LEASES, [], deadline);
    const there = new Set(rows.map(({ bucket }) => bucket));
    const missing = Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((bucket) => !there.has(bucket));
    if (missing.length === 0) return rows;
    await this.database.query(OPEN, [missing, this.owner, FREE], deadline);
    return await this.read(deadline);
  }

  private async renew(keep: readonly number[], heldUntil: number, expiresAt: Date, deadline: number): Promise<void> {
    const values = [this.owner, expiresAt, [...keep, this.seat]];
    const { rows } = await this.database.query<{ bucket: number }>(RENEW, values, deadline);
    const renewed = new Set(rows.map(({ bucket }) => bucket).filter((bucket) => bucket >= 0));
    for (const bucket of this.held.keys()) if (!renewed.has(bucket)) this.held.delete(bucket);
    for (const bucket of renewed) this.held.set(bucket, heldUntil);
  }

  private async giveBack(buckets: readonly number[], deadline: number): Promise<void> {
    for (const bucket of buckets) this.held.delete(bucket);
    if (buckets.length > 0) await this.database.query(RENEW, [this.owner, FREE, buckets], deadline);
  }

  private async take(
    free: readonly LeaseRecord[],
    heldUntil: number,
    expiresAt: Date,
    deadline: number,
  ): Promise<void> {
    const seen = [free.map(({ bucket }) => bucket), free.map(({ epoch }) => epoch), free.map((one) => one.expires_at)];
    const values = [this.owner, expiresAt, ...seen];
    const { rows } = await this.database.query<{ bucket: number }>(TAKE, values, deadline);
    for (const { bucket } of rows) this.held.set(bucket, heldUntil);
  }
}

/** A lease that ends later than any can has been written before the database's clock was set back. */
function isLive({ expires_at }: LeaseRecord, readAt: number): boolean {
  const left = expires_at.getTime() - readAt;
  return left > 0 && left <= 2 * LEASE_MS;
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const groups = Map.groupBy(items, test);
  return [groups.get(true) ?? [], groups.get(false) ?? []];
}
