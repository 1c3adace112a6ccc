import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import pg from 'pg';
import { remove } from '../../src/basket/domain/decisions.js';
import type { Database } from '../../src/database/database.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { Tombstones } from '../../src/event-store/tombstones.js';
import { someAppend } from '../support/appends.js';
import { codeOf, erasing, shopper, storeForAll, tracesOf } from '../support/erasing.js';
import { adding, productsOf, someItem } from '../support/items.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/servers.js';
import { eventStore, soon } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';

jest.setTimeout(120_000);

const its = storeForAll();

describe('A write that began before an erasure', () => {
  /** The statement without its look at the tombstones. */
  const unguarded = ({ database }: StoreProcess): EventStore => {
    const query: Database['query'] = (statement, values, deadline) => {
      const text = statement.text.replace(
        'AND NOT EXISTS (\n          SELECT FROM erased_streams',
        'AND EXISTS (\n          SELECT FROM erased_streams',
      );
      expect(text).not.toBe(statement.text);
      return database.query({ name: `unguarded-${statement.name}`, text }, values, deadline);
    };
    return eventStore(Object.create(database, { query: { value: query } }) as Database);
  };

  it('of a user who had no basket yet does not begin one at a version that was there', async () => {
    const user = await shopper(its.service);
    await erasing(its.service).erase(user);
    expect(await its.service.events.append(someAppend(user, 0), soon())).toBe(false);
    expect(await its.service.events.append(someAppend(user, 2, { isNew: true }), soon())).toBe(false);
    expect(await its.service.events.append(someAppend(user, 3), soon())).toBe(false);
    expect(await tracesOf(its.store, user)).toEqual([]);
    // The control.
    expect(await unguarded(its.service).append(someAppend(user, 0), soon())).toBe(true);
    expect(await erasing(its.service).erase(user)).toBe(3);
    expect(await its.service.events.append(someAppend(user, 3, { isNew: true }), soon())).toBe(true);
  });

  it('of the basket that was erased starts over: it finds no basket, or begins a new one', async () => {
    const user = await shopper(its.service);
    let isErased = false;
    const product = someItem();
    // The append comes after the erasure, its decision before.
    const append = its.service.events.append.bind(its.service.events);
    const late = jest.spyOn(its.service.events, 'append').mockImplementation(async (one, deadline) => {
      if (!isErased) await erasing(its.service).erase(user);
      isErased = true;
      return await append(one, deadline);
    });
    try {
      const { after } = await its.service.baskets.update(user, adding(product));
      expect({ version: after.version, products: productsOf(after) }).toEqual({
        version: 5,
        products: [product.productId],
      });
      isErased = false;
      await expect(its.service.baskets.update(user, remove).catch(codeOf)).resolves.toBe('basket-not-found');
    } finally {
      late.mockRestore();
    }
  });

  /** Who is told that it was changed too often meanwhile repeats it (docs/privacy.md). */
  const eraseAtLast = async (user: string): Promise<number | undefined> => {
    for (;;)
      try {
        return await erasing(its.service, { page: 7 }).erase(user);
      } catch (error) {
        if (codeOf(error) !== 'conflict') throw error;
      }
  };

  it.each([2, 5])('of %i writers, with erasures in between, never gets a version twice', async (writers) => {
    const user = await shopper(its.service);
    const processes = [its.service, its.store.process()];
    const seen: number[] = [];
    let isOver = false;
    const write = async (at: number) => {
      const { baskets } = processes[at % 2] ?? its.service;
      while (!isOver) {
        const { events } = await baskets.update(user, adding(someItem())).catch((error: unknown) => {
          if (codeOf(error) === 'conflict') return { events: [] };
          throw error;
        });
        seen.push(...events.map(({ version }) => version));
      }
    };
    const erase = async () => {
      const erasures: (number | undefined)[] = [];
      for (let n = 0; n < 5; n++) {
        await setTimeout(30);
        // Where nobody has written since, there is nothing to erase.
        const before = seen.length;
        await eventually(() => seen.length > before);
        erasures.push(await eraseAtLast(user));
      }
      isOver = true;
      return erasures;
    };
    const [erasures] = await Promise.all([erase(), ...Array.from({ length: writers }, (_, at) => write(at))]);
    const all = [...seen, ...erasures];
    expect(new Set(all).size).toBe(all.length);
    expect(erasures).toEqual(erasures.toSorted((one, other) => Number(one) - Number(other)));
    const last = Math.max(...erasures.map(Number));
    const left = await its.service.events.read(user, 0, 1000, soon());
    expect(left.every(({ version }) => version > last)).toBe(true);
    await erasing(its.service).erase(user);
    expect(await tracesOf(its.store, user)).toEqual([]);
  });

  it('and comes through all the same, in the moment in which its own statement could not know, is erased as well', async () => {
    const user = await shopper(its.service);
    const stale = unguarded(its.service);
    let pages = 0;
    const query: Database['query'] = async (statement, values, deadline) => {
      const answer = await its.service.database.query(statement, values, deadline);
      // When the last page is gone there is nothing in its way.
      if (statement.name === 'erase-stream-page' && ++pages === 2)
        expect(await stale.append(someAppend(user, 0), soon())).toBe(true);
      return answer as never;
    };
    const database = Object.create(its.service.database, { query: { value: query } }) as Database;
    expect(await erasing(its.service, { database }).erase(user)).toBe(3);
    expect(pages).toBe(4);
    expect(await tracesOf(its.store, user)).toEqual([]);
  });

  it('does not keep two erasures at once from ending', async () => {
    const user = await shopper(its.service, { events: 60 });
    const both = [its.service, its.store.process()].map((on) => erasing(on, { page: 7 }).erase(user));
    for (const version of await Promise.all(both)) expect([61, undefined]).toContain(version);
    expect(await tracesOf(its.store, user)).toEqual([]);
  });
});

describeWith(['postgres'], 'A first append that waits for an erasure to commit', () => {
  it('finds the events of before in its way', async () => {
    const user = await shopper(its.service);
    const { url } = its.store.source.options as { url: string };
    const eraser = new pg.Client({ connectionString: url });
    await eraser.connect();
    try {
      await eraser.query('BEGIN');
      await eraser.query('SELECT close_erased_stream($1, 2, $2, 3, $3)', [user, new Tombstones().of(user), new Date()]);
      const late = its.service.events.append(someAppend(user, 0), soon());
      await setTimeout(200);
      await eraser.query('COMMIT');
      expect(await late).toBe(false);
    } finally {
      await eraser.end();
    }
    await erasing(its.service).erase(user);
    expect(await tracesOf(its.store, user)).toEqual([]);
  });
});
