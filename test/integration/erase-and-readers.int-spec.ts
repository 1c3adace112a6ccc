import { jest } from '@jest/globals';
import { Outbox } from '../../src/outbox/outbox.js';
import { describeCaches } from '../support/caches.js';
import { erasing, shopper, storeForAll, tracesOf } from '../support/erasing.js';
import { TestStore, soon } from '../support/store.js';

jest.setTimeout(120_000);

const its = storeForAll();

describeCaches('A reader who is about to fill in what is erased', (caches) => {
  it('does not; without the word to the cache it would: the control', async () => {
    const late = async (told: boolean) => {
      const user = await shopper(its.service);
      const cache = await caches().connect();
      const look = await cache.look(user);
      const lease = (!look.basket && look.lease) || '';
      const before = await its.service.baskets.find(user);
      const closed = (name: string, version: number) => (told ? cache.drop(name, version) : Promise.resolve());
      await erasing(its.service, { closed }).erase(user);
      await cache.fill(user, before, lease);
      return (await cache.look(user)).basket?.json !== undefined;
    };
    expect({ told: await late(true), untold: await late(false) }).toEqual({ told: false, untold: true });
  });
});

describe('An erasure and a relay', () => {
  it('that has read what is erased do not disturb each other', async () => {
    await using own = await TestStore.open();
    const process = own.process();
    const [user, other] = [await shopper(process, { events: 20 }), await shopper(process)];
    const buckets = Array.from({ length: 64 }, (_, bucket) => bucket);
    const relay = new Outbox(process.database);
    const { events } = await relay.next(buckets, 100, soon());
    expect(events).toHaveLength(22);
    const [first] = events.filter(({ stream }) => stream === user);
    if (first) await relay.park(first, `poison: ${user}`, soon());
    await erasing(process).erase(user);
    expect(await tracesOf(own, user)).toEqual([]);
    if (first) await relay.park(first, `poison: ${user}`, soon());
    await relay.remove(
      events.filter(({ stream }) => stream === user),
      soon(),
    );
    expect(await tracesOf(own, user)).toEqual([]);
    const next = await new Outbox(process.database).next(buckets, 100, soon());
    expect(next.events.map(({ stream }) => stream)).toEqual([other, other]);
  });
});
