import type { QueryRunner } from 'typeorm';
import { remove } from '../../src/basket/domain/decisions.js';
import { Rebuild } from '../../src/basket/rebuild/rebuild.js';
import type { Progress, RebuildOptions } from '../../src/basket/rebuild/rebuild.js';
import { StoredBaskets } from '../../src/basket/rebuild/stored-baskets.js';
import { adding, someItem } from './items.js';
import { TestStore } from './store.js';
import type { StoreProcess } from './store.js';

export interface Rebuilding extends AsyncDisposable {
  readonly baskets: StoredBaskets;
  readonly complaints: readonly string[];
  readonly uncached: readonly string[];
  /** Of all users, or of one, to its end. */
  readonly run: (options?: Partial<RebuildOptions>, userName?: string) => Promise<Progress>;
}

/** Rebuilds on a store, over one connection. The embedded database is the connection's while it reads. */
export function rebuilding(store: TestStore): Rebuilding {
  const runner: QueryRunner = store.source.createQueryRunner();
  const baskets = new StoredBaskets(runner);
  const complaints: string[] = [];
  const uncached: string[] = [];
  return {
    baskets,
    complaints,
    uncached,
    run: async (options = {}, userName) => {
      const rebuild = new Rebuild(baskets, {
        check: false,
        settleMs: 0,
        uncache: (name) => {
          uncached.push(name);
          return Promise.resolve(true);
        },
        complain: (name, reason) => void complaints.push(`${name}: ${reason}`),
        ...options,
      });
      if (userName !== undefined) await rebuild.runFor(userName);
      else for await (const _ of rebuild.run());
      return rebuild.progress;
    },
    [Symbol.asyncDispose]: () => runner.release(),
  };
}

/** In an order of the alphabet that is not that of code points. */
export const USERS = ['alice', 'Bob', 'çelik', 'dora d', 'ÉMILE', 'zoë', '王', '🧺'];

/** A store in which they all have baskets, one of them a deleted one: for each test of the file that it is called in its own. */
export function rebuildForEach() {
  let store: TestStore;
  let service: StoreProcess;
  let rebuild: Rebuilding;
  beforeEach(async () => {
    // A busy machine is not what these tests are about.
    store = await TestStore.open({ REQUEST_DEADLINE_MS: '30000' });
    service = store.process();
    for (let n = 0; n < 3; n++)
      await Promise.all(USERS.map((user) => service.baskets.update(user, adding(someItem()))));
    await service.baskets.update('Bob', remove);
    rebuild = rebuilding(store);
  });
  afterEach(async () => {
    await rebuild[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });
  return {
    get store() {
      return store;
    },
    get service() {
      return service;
    },
    get rebuild() {
      return rebuild;
    },
  };
}
