import type { Statement } from '../database/database.js';

/** A row of `outbox_leases`. */
export interface LeaseRecord {
  /** Below 0 it is a seat: it says that a relay is there, whether or not it holds anything. */
  bucket: number;
  owner: string;
  epoch: string;
  expires_at: Date;
  /** The database's clock: the one that all relays share. */
  read_at: Date;
}

export const LEASES: Statement = {
  name: 'leases',
  text: 'SELECT bucket, owner, epoch, expires_at, now() AS read_at FROM outbox_leases',
};

export const OPEN: Statement = {
  name: 'open-leases',
  text: `INSERT INTO outbox_leases (bucket, owner, epoch, expires_at)
         SELECT bucket, $2::uuid, 0, $3::timestamptz FROM unnest($1::smallint[]) AS bucket
         ON CONFLICT (bucket) DO NOTHING`,
};

/** Two relays that drew the same seat take turns in it. */
export const SIT: Statement = {
  name: 'sit-down',
  text: `INSERT INTO outbox_leases (bucket, owner, epoch, expires_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (bucket) DO UPDATE SET owner = $2, expires_at = $3`,
};

export const CLEAR_SEATS: Statement = {
  name: 'clear-seats',
  text: 'DELETE FROM outbox_leases WHERE bucket < 0 AND expires_at <= $1',
};

/** The guard: a lease that anybody took or renewed since it was read is not the one that was seen to have expired. */
export const TAKE: Statement = {
  name: 'take-leases',
  text: `UPDATE outbox_leases AS lease SET owner = $1, epoch = lease.epoch + 1, expires_at = $2
         FROM unnest($3::smallint[], $4::bigint[], $5::timestamptz[]) AS seen (bucket, epoch, expires_at)
         WHERE lease.bucket = seen.bucket AND lease.epoch = seen.epoch AND lease.expires_at = seen.expires_at
         RETURNING lease.bucket`,
};

export const RENEW: Statement = {
  name: 'renew-leases',
  text: 'UPDATE outbox_leases SET expires_at = $2 WHERE owner = $1 AND bucket = ANY($3) RETURNING bucket',
};
