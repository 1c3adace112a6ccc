import type { TestStore } from './store.js';

/** A store as it is when it is new, for a fraction of the price of another one; once nobody works on it any more. */
export async function emptied(store: TestStore): Promise<TestStore> {
  for (const table of ['outbox', 'basket_snapshots', 'basket_projections', 'domain_events', 'erased_streams'])
    await store.query(`DELETE FROM ${table}`);
  return store;
}
