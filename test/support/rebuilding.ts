import type { QueryRunner } from 'typeorm';
import { Rebuild } from '../../src/basket/rebuild/rebuild.js';
import type { Progress, RebuildOptions } from '../../src/basket/rebuild/rebuild.js';
import { StoredBaskets } from '../../src/basket/rebuild/stored-baskets.js';
import type { TestStore } from './store.js';

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
