import { jest } from '@jest/globals';
import { remove } from '../../src/basket/domain/decisions.js';
import { FollowUp } from '../../src/basket/follow-up.js';
import { erasing, shopper, tracesOf } from '../support/erasing.js';
import { shopping } from '../support/merging.js';
import type { Shopping } from '../support/merging.js';
import { dumpDatabase, naming } from '../support/remains.js';
import { openStore } from '../support/stream-store.js';
import type { Store } from '../support/stream-store.js';

jest.setTimeout(120_000);

describe('A merge', () => {
  let shop: Store;
  let merging: Shopping;
  beforeAll(async () => {
    shop = await openStore();
    merging = shopping(shop);
  });
  afterAll(() => shop[Symbol.asyncDispose]());
  const traces = (name: string) => tracesOf(shop, name);

  it('is forgotten by the guest when the user is erased, and does nothing more', async () => {
    const names = await merging.twoBaskets();
    await merging.merge(names);
    const events = await shop.eventsOf(names.user);
    const guestBefore = await shop.eventsOf(names.guest);
    expect(await traces(names.user)).not.toEqual([]);
    await erasing(shop).erase(names.user);
    expect(await traces(names.user)).toEqual([]);
    const guestAfter = await shop.eventsOf(names.guest);
    expect(guestAfter.map(({ version, type, data }) => [version, type, data])).toEqual(
      guestBefore.map(({ version, type, data }) => [version, type, data]),
    );
    expect(guestAfter.at(-1)?.causationId).toMatch(/^merge:\/erased@/);
    // A relay that had read the merge before it was erased.
    await merging.add(names.guest, {
      productId: '00000000-0000-4000-8000-000000000009',
      productName: 'Own',
      unitPrice: 1,
      quantity: 1,
    });
    await new FollowUp(null, shop.completion).after(events);
    expect(await merging.contentsOf(names.guest)).toEqual({ Own: 1 });
  });

  it('keeps the lines and loses the name of a guest who is erased, also one that was cut short', async () => {
    const names = await merging.twoBaskets();
    const dies = {
      ...shop,
      completion: Object.assign(Object.create(shop.completion) as typeof shop.completion, {
        complete: () => Promise.reject(new Error('killed')),
      }),
    };
    await expect(merging.merge(names, { on: dies })).rejects.toThrow('killed');
    expect(await merging.contentsOf(names.guest)).not.toEqual({});
    const before = await merging.contentsOf(names.user);
    await erasing(shop).erase(names.guest);
    expect(await traces(names.guest)).toEqual([]);
    await merging.relay(names.user);
    expect(await merging.contentsOf(names.user)).toEqual(before);
    expect(await merging.contentsOf(names.guest)).toBeUndefined();
    // The guest comes back, and the merge of before takes nothing.
    await shopper(shop, { name: names.guest });
    await merging.relay(names.user);
    expect(await merging.contentsOf(names.guest)).toEqual({ 'Field notebook': 1 });
  });

  it('that names a user after the erasure is found by erasing once more', async () => {
    const names = await merging.twoBaskets();
    await merging.merge(names);
    await erasing(shop).erase(names.guest);
    // As a merge that had read the guest before.
    await shop.query(
      `UPDATE domain_events SET event_data = jsonb_set(event_data, '{fromUserName}', to_jsonb($2::text))
       WHERE user_name = $1 AND event_type = 'BasketsMerged'`,
      [names.user, names.guest],
    );
    expect(await erasing(shop).erase(names.guest)).toBeGreaterThan(0);
    expect(await traces(names.guest)).toEqual([]);
    expect(await erasing(shop).erase(names.guest)).toBeUndefined();
    // As a merge into a user who was erased before the guest was emptied; one of the two has a name like the other's.
    const alike = `${names.user}@5`;
    for (const user of [names.user, alike]) {
      await shopper(shop, { name: names.guest });
      await shop.baskets.update(names.guest, remove, { causationId: `merge:${user}@7` });
    }
    expect(await erasing(shop).erase(names.user)).toBeGreaterThan(0);
    expect(naming(await dumpDatabase(shop.query), [`${names.user}@7`])).toEqual([]);
    expect(naming(await dumpDatabase(shop.query), [`merge:${alike}@7`])).toHaveLength(1);
    expect(await erasing(shop).erase(alike)).toBeGreaterThan(0);
    expect(await traces(names.user)).toEqual([]);
    for (const user of [names.user, alike]) expect(await erasing(shop).erase(user)).toBeUndefined();
  });
});
