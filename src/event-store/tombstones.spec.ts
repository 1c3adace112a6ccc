import { Tombstones } from './tombstones.js';
import type { Tombstone } from './tombstones.js';

/** The rows that there are, by their tombstones. */
const among = (rows: readonly Tombstone[]) => (tombstones: readonly string[]) =>
  Promise.resolve(rows.filter(({ tombstone }) => tombstones.includes(tombstone)));

describe('A tombstone', () => {
  it('is the digest of a name under a secret, now and for ever: rows have it', () => {
    // printf alice | openssl dgst -sha256 -hmac secret -binary | basenc --base64url
    expect(new Tombstones(['secret']).of('alice')).toBe('Q2DGe8gQJRFARFeNfE6ODwL9DK6Z8i1gM5Do-dyYiPg');
  });

  it('is made with the first secret, and with none where there is none', () => {
    const [none, one, two] = [new Tombstones(), new Tombstones(['a']), new Tombstones(['b', 'a'])] as const;
    expect(new Set([none, one, two].map((tombstones) => tombstones.of('alice'))).size).toBe(3);
    expect(new Tombstones([]).of('alice')).toBe(none.of('alice'));
  });

  it('is looked for under all secrets, and under none: it may be older than any of them', () => {
    const { of, allOf } = {
      of: (...secrets: string[]) => new Tombstones(secrets).of('alice'),
      allOf: new Tombstones(['b', 'a']).allOf('alice'),
    };
    expect(allOf).toEqual([of('b'), of('a'), of()]);
    expect(new Tombstones().allOf('alice')).toEqual([of()]);
  });
});

describe('Where erased streams have ended', () => {
  const before = new Tombstones();
  const tombstones = new Tombstones(['secret']);

  it('is told of those that were erased, by their names', async () => {
    const rows = [
      { tombstone: tombstones.of('alice'), version: 8 },
      { tombstone: before.of('bob'), version: 3 },
      { tombstone: tombstones.of('eve'), version: 5 },
    ];
    expect(await tombstones.versionsOf(['alice', 'bob', 'carol'], among(rows))).toEqual(
      new Map([
        ['alice', 8],
        ['bob', 3],
      ]),
    );
  });

  it.each([
    [3, 8],
    [8, 3],
  ])('is the later one where a name was erased under two secrets, at %i and %i', async (one, other) => {
    const rows = [
      { tombstone: before.of('alice'), version: one },
      { tombstone: tombstones.of('alice'), version: other },
    ];
    expect(await tombstones.versionsOf(['alice'], among(rows))).toEqual(new Map([['alice', 8]]));
  });
});
