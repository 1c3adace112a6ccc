import { jest } from '@jest/globals';
import { isOpen } from '../../src/basket/domain/basket.js';
import { remove } from '../../src/basket/domain/decisions.js';
import { StoredVersions } from '../../src/basket/persistence/stored-versions.js';
import { EventStore } from '../../src/event-store/event-store.js';
import { Tombstones } from '../../src/event-store/tombstones.js';
import { BASKET_PROJECTION } from '../../src/basket/persistence/basket-projection.js';
import { someAppend } from '../support/appends.js';
import { codeOf, erasing, shopper, storeForAll } from '../support/erasing.js';
import { adding, someItem } from '../support/items.js';
import { rebuilding } from '../support/rebuilding.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { soon } from '../support/store.js';

jest.setTimeout(120_000);

const its = storeForAll();

describe('A user who comes back', () => {
  it('has a stream that begins behind the erasure, with history, snapshots, replay and rebuild', async () => {
    const user = await shopper(its.service, { events: 150 });
    expect(await erasing(its.service).erase(user)).toBe(151);
    await shopper(its.service, { events: 250, name: user });
    await its.service.baskets.update(user, remove, { command: { id: 'end', fingerprint: 'x' } });
    const repeat = await its.service.baskets.update(user, remove, { command: { id: 'end', fingerprint: 'x' } });
    expect(repeat).toMatchObject({ replayed: true, after: { version: 402 } });

    expect((await its.service.events.read(user, 0, 1, soon()))[0]?.version).toBe(152);
    expect(isOpen(await its.service.history.asOf(user, 401))).toBe(true);
    await expect(its.service.history.asOf(user, 151).catch(codeOf)).resolves.toBe('version-not-found');
    const snapshots = await its.store.query('SELECT version FROM basket_snapshots WHERE user_name = $1', [user]);
    expect(snapshots.map(({ version }) => version)).toEqual([200, 300, 400]);
    await expectReplayEqualsProjection(its.store.source, new Map([[user, 151], ...(await erasedBefore())]));

    await using rebuild = rebuilding(its.store);
    expect(await rebuild.run({ check: true }, user)).toMatchObject({ projections: 0, snapshots: 0, broken: 0 });
    await its.store.query('DELETE FROM basket_projections WHERE user_name = $1', [user]);
    await its.store.query('DELETE FROM basket_snapshots WHERE user_name = $1', [user]);
    expect(await rebuild.run({}, user)).toMatchObject({ projections: 1, snapshots: 3, broken: 0 });
    expect((await its.service.baskets.update(user, adding(someItem()))).after.version).toBe(404);
  });

  it('repeats the first command of all: it is answered as the first time', async () => {
    const user = await shopper(its.service);
    await erasing(its.service).erase(user);
    const command = { id: 'first', fingerprint: 'x' };
    const item = someItem();
    const first = await its.service.baskets.update(user, adding(item), { command });
    const repeat = await its.service.baskets.update(user, adding(item), { command });
    expect(repeat).toMatchObject({ replayed: true, before: { version: 3 }, after: first.after });
  });

  it('is known under each secret, and under none for whoever lacks them: the control', async () => {
    const [old, now] = ['o'.repeat(32), 'n'.repeat(32)];
    const name = await shopper(its.service);
    await erasing(its.service, { tombstones: new Tombstones([old]) }).erase(name);
    const erasedFor = async (...secrets: string[]) =>
      await new EventStore(its.service.database, BASKET_PROJECTION, new Tombstones(secrets)).erasedVersions(
        [name],
        soon(),
      );
    expect(await erasedFor(old)).toEqual(new Map([[name, 3]]));
    expect(await erasedFor(now, old)).toEqual(new Map([[name, 3]]));
    expect(await erasedFor(now)).toEqual(new Map());

    const unkeyed = await shopper(its.service);
    await erasing(its.service).erase(unkeyed);
    const keyed = new EventStore(its.service.database, BASKET_PROJECTION, new Tombstones([now]));
    expect(await keyed.erasedVersions([unkeyed], soon())).toEqual(new Map([[unkeyed, 3]]));
    expect(await keyed.append(someAppend(unkeyed, 0), soon())).toBe(false);
  });

  it('is told to other processes that look at the stored versions', async () => {
    const [erased, other] = [await shopper(its.service), await shopper(its.service)];
    await erasing(its.service).erase(erased);
    const versions = new StoredVersions(its.service.database, its.service.events, 30_000);
    expect(await versions.read([erased, other, 'nobody'])).toEqual(
      new Map([
        [erased, 3],
        [other, 2],
      ]),
    );
  });
});

/** The other tests' users who have come back. */
async function erasedBefore(): Promise<[string, number][]> {
  const rows = await its.store.query<{ user_name: string; first: number }>(
    'SELECT user_name, min(version) AS first FROM domain_events GROUP BY user_name HAVING min(version) > 1',
  );
  return rows.map(({ user_name, first }) => [user_name, first - 1]);
}
