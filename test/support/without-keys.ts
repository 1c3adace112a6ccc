import { emptied } from './emptied.js';
import type { TestStore } from './store.js';

interface Key {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/** Tables without their primary keys, until what was returned is disposed of: that empties the store, too. */
export async function withoutKeys(store: TestStore, tables: readonly string[]): Promise<AsyncDisposable> {
  const keys = await store.query<Key>(
    `SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS definition
     FROM pg_constraint WHERE contype = 'p' AND conrelid = ANY ($1::text[]::regclass[])`,
    [tables],
  );
  for (const { table, name } of keys) await store.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  return {
    [Symbol.asyncDispose]: async () => {
      await emptied(store);
      for (const { table, name, definition } of keys)
        await store.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
    },
  };
}
