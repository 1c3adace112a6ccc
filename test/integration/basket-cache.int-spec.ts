import type { BasketDocument } from '../../src/basket/basket.repository.js';
import type { BasketCache } from '../../src/basket/persistence/basket-cache.js';
import { someUser } from '../support/app.js';
import { describeCaches } from '../support/caches.js';
import { eventually } from '../support/eventually.js';

const version = (number: number, json: string | undefined = `{"version":${number}}`): BasketDocument => ({
  version: number,
  json,
});
const tombstone = (number: number): BasketDocument => ({ version: number, json: undefined });

describeCaches('A basket cache', (caches) => {
  let one: BasketCache;
  let other: BasketCache;
  let user: string;

  beforeAll(async () => {
    [one, other] = [await caches().connect(), await caches().connect()];
  });
  beforeEach(() => {
    user = someUser();
  });

  const leaseOf = async (cache: BasketCache): Promise<string> => {
    const { lease } = (await cache.look(user)) as { lease?: string };
    if (lease === undefined) throw new Error('There was no lease to be had.');
    return lease;
  };
  /** What there is for the user, without the lease that looking at an empty place gives. */
  const cached = async (): Promise<BasketDocument | undefined> => {
    const { basket } = await other.look(user);
    if (basket) return { version: basket.version, json: basket.json?.toString() };
    return undefined;
  };
  const keep = async (basket: BasketDocument) => one.fill(user, basket, await leaseOf(one));

  it('gives the lease of an empty place to one, and then what that one filled in to all', async () => {
    const lease = await leaseOf(one);
    expect(await other.look(user)).toEqual({});
    expect(await one.look(user)).toEqual({});
    await one.fill(user, version(1), lease);
    expect(await cached()).toEqual(version(1));
  });

  it('takes no fill with a lease that it did not give', async () => {
    await leaseOf(one);
    await other.fill(user, version(1), 'L00000000-0000-0000-0000-000000000000');
    expect(await cached()).toBeUndefined();
  });

  it('takes one fill a lease', async () => {
    const lease = await leaseOf(one);
    await one.fill(user, version(1), lease);
    await other.put(user, version(2));
    await one.fill(user, version(1), lease);
    expect(await cached()).toEqual(version(2));
  });

  it('discards a fill that a write came before', async () => {
    const lease = await leaseOf(one);
    await other.put(user, version(2));
    await one.fill(user, version(1), lease);
    expect(await cached()).toBeUndefined();
  });

  it('discards a fill that a write and another fill came before', async () => {
    const lease = await leaseOf(one);
    await other.put(user, version(2));
    await other.fill(user, version(2), await leaseOf(other));
    await one.fill(user, version(1), lease);
    expect(await cached()).toEqual(version(2));
  });

  const losses = [
    ['an expiry', () => caches().expire(user)],
    ['FLUSHALL', () => caches().flush()],
  ] as const;

  describe.each(losses)('after %s', (_, lose) => {
    it('discards a fill whose lease is gone', async () => {
      const lease = await leaseOf(one);
      await lose();
      await one.fill(user, version(1), lease);
      expect(await cached()).toBeUndefined();
    });

    it('discards a fill whose place is under the lease of another', async () => {
      const lease = await leaseOf(one);
      await lose();
      const next = await leaseOf(other);
      await one.fill(user, version(1), lease);
      await other.fill(user, version(2), next);
      expect(await cached()).toEqual(version(2));
    });

    it('discards a late fill although the newer version it would lose against is gone', async () => {
      const lease = await leaseOf(one);
      await other.put(user, version(2));
      await other.fill(user, version(2), await leaseOf(other));
      await lose();
      await one.fill(user, version(1), lease);
      expect(await cached()).toBeUndefined();
    });

    it('brings nothing in with a late put', async () => {
      await keep(version(2));
      await lose();
      await one.put(user, version(1));
      expect(await cached()).toBeUndefined();
    });
  });

  it('ends a lease at a put, whose holder may have read before it', async () => {
    const lease = await leaseOf(other);
    await one.put(user, version(2));
    const next = await leaseOf(one);
    expect(next).not.toBe(lease);
    await other.fill(user, version(1), lease);
    await one.fill(user, version(2), next);
    expect(await cached()).toEqual(version(2));
  });

  it('keeps the newer of two puts, whichever comes first', async () => {
    await keep(version(1));
    await one.put(user, version(10));
    await other.put(user, version(9));
    expect(await cached()).toEqual(version(10));
    await other.put(user, version(10, '{"another":true}'));
    expect(await cached()).toEqual(version(10));
    await other.put(user, version(11));
    expect(await cached()).toEqual(version(11));
  });

  it('keeps a tombstone against late fills and older puts, until a newer basket', async () => {
    const lease = await leaseOf(one);
    await one.fill(user, version(1), lease);
    await other.put(user, tombstone(2));
    expect(await cached()).toEqual(tombstone(2));
    await one.fill(user, version(1), lease);
    await one.put(user, version(1));
    expect(await cached()).toEqual(tombstone(2));
    await one.put(user, version(4));
    expect(await cached()).toEqual(version(4));
  });

  it('keeps that a user has no basket, until there is one', async () => {
    await keep(tombstone(0));
    expect(await cached()).toEqual(tombstone(0));
    await other.put(user, version(2));
    expect(await cached()).toEqual(version(2));
  });

  it('gives back what it got byte for byte, however long and in whatever script', async () => {
    user = `${someUser()}: {a} "b" \\ ñ 買い物 🧺`;
    const json = JSON.stringify({ name: `L1:2:\u0001 ${'買い物かご🧺é'.repeat(20_000)}` });
    await keep(version(7, json));
    expect(await cached()).toEqual(version(7, json));
  });

  it('keeps users apart', async () => {
    await keep(version(1));
    const neighbour = `${user}:`;
    expect((await one.look(neighbour)).basket).toBeUndefined();
    await one.put(neighbour, version(5));
    expect(await cached()).toEqual(version(1));
  });

  it('forgets when its time is up', async () => {
    const brief = await caches().connect(1);
    const { lease } = (await brief.look(user)) as { lease: string };
    await brief.fill(user, version(1), lease);
    expect((await brief.look(user)).basket?.version).toBe(1);
    await eventually(async () => (await brief.look(user)).basket === undefined);
  });
});
