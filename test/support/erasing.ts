import { BasketError } from '../../src/basket/domain/basket.errors.js';
import type { Database } from '../../src/database/database.js';
import { Tombstones } from '../../src/event-store/tombstones.js';
import { UserData } from '../../src/user-data/user-data.js';
import { someUser } from './app.js';
import { adding, someItem } from './items.js';
import { dumpDatabase, naming } from './remains.js';
import { TestStore } from './store.js';
import type { StoreProcess } from './store.js';

interface Erasing {
  readonly page?: number;
  readonly tombstones?: Tombstones;
  readonly closed?: (userName: string, version: number) => Promise<void>;
  readonly database?: Database;
}

/** A store and a process on it, for all tests of the file that it is called in. A busy machine is not what they are about. */
export function storeForAll() {
  let store: TestStore;
  let service: StoreProcess;
  beforeAll(async () => {
    store = await TestStore.open({ REQUEST_DEADLINE_MS: '30000' });
    service = store.process();
  });
  afterAll(() => store[Symbol.asyncDispose]());
  return {
    get store() {
      return store;
    },
    get service() {
      return service;
    },
  };
}

/** What erases and exports in a process. */
export const erasing = (on: Pick<StoreProcess, 'database' | 'events'>, options: Erasing = {}) => {
  const { page, tombstones = new Tombstones(), closed = () => Promise.resolve(), database = on.database } = options;
  return new UserData(database, on.events, tombstones, 30_000, closed, page);
};

/** A user with a basket that has been changed so many times, all in one append. */
export async function shopper(on: Pick<StoreProcess, 'baskets'>, { events = 2, name = someUser() } = {}) {
  const { currency: _, ...data } = someItem();
  await on.baskets.update(name, adding(someItem()));
  if (events > 2)
    await on.baskets.update(name, () =>
      Array.from({ length: events - 2 }, () => ({ type: 'BasketItemAdded', data }) as const),
    );
  return name;
}

/** The rows, of whatever table, that name a user. */
export const tracesOf = async (of: Pick<TestStore, 'query'>, name: string) =>
  naming(await dumpDatabase((sql) => of.query(sql)), [name]);

export const codeOf = (error: unknown) => (error instanceof BasketError ? error.code : error);
