import { createHash } from 'node:crypto';

/** Streams are spread over this many buckets; a relay holds some of them. It never changes: subjects carry it. */
export const BUCKETS = 64;

export const bucketOf = (stream: string): number => (createHash('md5').update(stream).digest()[0] ?? 0) % BUCKETS;
