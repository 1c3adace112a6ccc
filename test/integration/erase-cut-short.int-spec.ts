import { jest } from '@jest/globals';
import { isOpen } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import { DatabaseUnavailableError } from '../../src/database/database.js';
import type { Database } from '../../src/database/database.js';
import { codeOf, erasing, shopper, storeForAll, tracesOf } from '../support/erasing.js';
import { adding, someItem } from '../support/items.js';
import { rebuilding } from '../support/rebuilding.js';
import { soon } from '../support/store.js';

jest.setTimeout(120_000);

const its = storeForAll();

/** The first and the last ones, and those around the ends of pages and the snapshots, of 100 events each. */
const VERSIONS = [1, 2, 49, 50, 51, 52, 75, 99, 100, 101, 102, 149, 150, 151, 152, 175, 199, 200, 201, 202, 249, 250];

/** A database that stops answering behind so many pages of an erasure. */
const stopsBehind = (pages: number, { database } = its.service) => {
  let left = pages;
  const query: Database['query'] = (statement, values, deadline) => {
    if (statement.name === 'erase-stream-page' && left-- === 0) throw new DatabaseUnavailableError('It was cut off.');
    return database.query(statement, values, deadline);
  };
  return Object.create(database, { query: { value: query } }) as Database;
};

describe('An erasure that is cut short', () => {
  it.each([0, 1, 2])(
    'after %i pages leaves no basket, lets none begin, and is finished by repeating it',
    async (pages) => {
      const user = await shopper(its.service, { events: 250 });
      const before = new Map<number, Basket>();
      for (const version of VERSIONS) before.set(version, await its.service.history.asOf(user, version));
      const database = stopsBehind(pages);
      await expect(erasing(its.service, { page: 100, database }).erase(user)).rejects.toThrow('It was cut off.');

      expect(await its.service.baskets.find(user)).toMatchObject({ version: 251, json: undefined });
      const sleepless = jest.spyOn(Math, 'random').mockReturnValue(0);
      await expect(its.service.baskets.update(user, adding(someItem())).catch(codeOf)).resolves.toBe('conflict');
      sleepless.mockRestore();
      // What is left of the history is what was, or nothing; no basket that there never was.
      for (const { version } of await its.service.events.read(user, 0, 1000, soon())) {
        if (!before.has(version)) continue;
        const left = await its.service.history.asOf(user, version);
        if (isOpen(left)) expect(left).toEqual(before.get(version));
      }

      expect(await erasing(its.service, { page: 100 }).erase(user)).toBe(251);
      expect(await tracesOf(its.store, user)).toEqual([]);
      expect(await erasing(its.service).erase(user)).toBeUndefined();
      expect((await its.service.baskets.update(user, adding(someItem()))).after.version).toBe(253);
    },
  );

  it('is not undone by a rebuild, which says what to do', async () => {
    const user = await shopper(its.service, { events: 250 });
    await erasing(its.service, { page: 100, database: stopsBehind(1) })
      .erase(user)
      .catch(() => undefined);
    await using rebuild = rebuilding(its.store);
    await rebuild.run({}, user);
    expect(rebuild.complaints).toEqual([
      expect.stringContaining('is left of an erasure that was cut short: erase the user again'),
    ]);
    expect(await its.store.query('SELECT FROM basket_projections WHERE user_name = $1', [user])).toEqual([]);
    await erasing(its.service).erase(user);
    expect(await tracesOf(its.store, user)).toEqual([]);
  });

  it('never leaves a pointer of the outbox without its event', async () => {
    const user = await shopper(its.service, { events: 250 });
    await erasing(its.service, { page: 100, database: stopsBehind(2) })
      .erase(user)
      .catch(() => undefined);
    const [left] = await its.store.query(
      `SELECT count(*)::integer AS pointers, count(event.version)::integer AS events FROM outbox
       LEFT JOIN domain_events AS event USING (user_name, version) WHERE user_name = $1`,
      [user],
    );
    expect(left).toEqual({ pointers: 50, events: 50 });
    await erasing(its.service).erase(user);
  });
});
