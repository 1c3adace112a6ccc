import { randomUUID } from 'node:crypto';
import type { Database, Statement } from '../database/database.js';
import { BUCKETS } from './buckets.js';

/** Clocks of the relays must agree to well within this. */
export const LEASE_MS = 10_000;

interface LeaseRecord {
  bucket: number;
  owner: string;
  epoch: string;
  expires_at: Date;
}

const LEASES: Statement = { name: 'leases', text: 'SELECT bucket, owner, epoch, expires_at FROM outbox_leases' };

const OPEN: Statement = {
  name: 'open-leases',
  text: `INSERT INTO outbox_leases (bucket, owner, epoch, expires_at)
         SELECT bucket, $2::uuid, 0, $3::timestamptz FROM unnest($1::smallint[]) AS bucket
         ON CONFLICT (bucket) DO NOTHING`,
};

/** The epoch is the guard: of several relays that saw the same expired lease one gets it. */
const TAKE: Statement = {
  name: 'take-lease',
  text: `UPDATE outbox_leases SET owner = $2, epoch = epoch + 1, expires_at = $4 WHERE bucket = $1 AND epoch = $3`,
};

const RENEW: Statement = {
  name: 'renew-leases',
  text: `UPDATE outbox_leases SET expires_at = $2 WHERE owner = $1 AND bucket = ANY($3) RETURNING bucket`,
};

/** The buckets that this relay may publish. With several relays each holds its share. */
export class Leases {
  readonly owner = randomUUID();
  /** Bucket to the time until which it is held, in milliseconds since the epoch. */
  private readonly held = new Map<number, number>();

  constructor(
    private readonly database: Database,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whether the bucket is held for a while yet: longer than one publication may take. */
  holds(bucket: number): boolean {
    return (this.held.get(bucket) ?? 0) - LEASE_MS / 2 > this.now();
  }

  get buckets(): number[] {
    return [...this.held.keys()].filter((bucket) => this.holds(bucket));
  }

  /** Renews what is held, takes what is free up to a fair share, and gives away what is above it. */
  async balance(deadline: number): Promise<void> {
    const now = this.now();
    const { rows } = await this.database.query<LeaseRecord>(LEASES, [], deadline);
    if (rows.length < BUCKETS) {
      await this.open(rows, deadline);
      await this.balance(deadline);
      return;
    }
    const alive = rows.filter((lease) => lease.expires_at.getTime() > now);
    const owners = new Set(alive.map(({ owner }) => owner)).add(this.owner);
    const share = Math.ceil(BUCKETS / owners.size);
    const mine = alive.filter(({ owner }) => owner === this.owner).map(({ bucket }) => bucket);
    const keep = mine.slice(0, share);
    await this.renew(keep, now + LEASE_MS, deadline);
    await this.giveBack(mine.slice(share), deadline);
    const free = rows.filter((lease) => lease.expires_at.getTime() <= now);
    for (const lease of free.slice(0, share - keep.length)) await this.take(lease, now + LEASE_MS, deadline);
  }

  /** Lets others go on at once. */
  async release(deadline: number): Promise<void> {
    await this.giveBack([...this.held.keys()], deadline);
  }

  private async open(rows: readonly LeaseRecord[], deadline: number): Promise<void> {
    const there = new Set(rows.map(({ bucket }) => bucket));
    const missing = Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((bucket) => !there.has(bucket));
    await this.database.query(OPEN, [missing, this.owner, new Date(0).toISOString()], deadline);
  }

  private async renew(buckets: readonly number[], until: number, deadline: number): Promise<void> {
    const values = [this.owner, new Date(until).toISOString(), buckets];
    const { rows } = await this.database.query<{ bucket: number }>(RENEW, values, deadline);
    const renewed = new Set(rows.map(({ bucket }) => bucket));
    for (const bucket of this.held.keys()) if (!renewed.has(bucket)) this.held.delete(bucket);
    for (const bucket of renewed) this.held.set(bucket, until);
  }

  private async giveBack(buckets: readonly number[], deadline: number): Promise<void> {
    for (const bucket of buckets) this.held.delete(bucket);
    if (buckets.length > 0)
      await this.database.query(RENEW, [this.owner, new Date(0).toISOString(), buckets], deadline);
  }

  private async take({ bucket, epoch }: LeaseRecord, until: number, deadline: number): Promise<void> {
    const values = [bucket, this.owner, epoch, new Date(until).toISOString()];
    const { rowCount } = await this.database.query(TAKE, values, deadline);
    if (rowCount === 1) this.held.set(bucket, until);
  }
}
