import { BUCKETS, bucketOf } from './buckets.js';

describe('The bucket of a stream', () => {
  it.each([
    ['alice', 35],
    ['bob', 31],
    ['zoë', 18],
    ['日本', 13],
    ['', 20],
  ])('of "%s" is %i, now and for ever: subjects carry it', (stream, bucket) => {
    expect(bucketOf(stream)).toBe(bucket);
  });

  it('is a whole number from 0 to 63, and all of them are used evenly', () => {
    const counts = new Map<number, number>();
    for (let user = 0; user < 6400; user++) {
      const bucket = bucketOf(`user-${user}`);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    expect(BUCKETS).toBe(64);
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, bucket) => bucket));
    expect(Math.min(...counts.values())).toBeGreaterThan(50);
    expect(Math.max(...counts.values())).toBeLessThan(150);
  });
});
