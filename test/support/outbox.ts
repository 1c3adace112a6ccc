import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Database } from '../../src/database/database.js';
import { Outbox } from '../../src/outbox/outbox.js';
import { someAppend } from './appends.js';
import { createTestDatabase, testConfig } from './database.js';
import { eventStore, soon } from './store.js';

/** Resolves once the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, ms = 20_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited in vain until ${what}.`);
    await setTimeout(10);
  }
}

/** A database of the test's own with the event store and the outbox on it. */
export async function openStore() {
  Logger.overrideLogger(false);
  const own = await createTestDatabase();
  const config = testConfig(own);
  const source = await own.open(config);
  await source.initialize();
  const database = new Database(source, own.url !== undefined);
  const store = eventStore(database);
  const query = <Row extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
    database.query<Row>({ name: `test-${text.length}-${text.slice(0, 30)}`, text }, values, soon());

  /** Another process, as far as the database can tell. It is abandoned by closing it. */
  const another = async () => {
    const other = await own.open(config);
    await other.initialize();
    return { database: new Database(other, true), close: () => other.destroy() };
  };

  /** Appends events to a stream that is at this version. */
  const append = async (stream: string, after: number, count = 1, data: unknown = {}): Promise<void> => {
    const written = await store.append(someAppend(stream, after, { count, data }), soon());
    if (!written) throw new Error(`The events of ${stream} behind ${after} were not written.`);
  };

  return {
    database,
    store,
    outbox: new Outbox(database),
    /** Undefined for the embedded database. */
    url: own.url,
    append,
    another,
    query,
    empty: async () => {
      for (const table of ['outbox', 'outbox_leases', 'domain_events', 'basket_projections'])
        await query(`DELETE FROM ${table}`);
    },
    close: async () => {
      await source.destroy();
      await own.drop();
    },
  };
}

export type Store = Awaited<ReturnType<typeof openStore>>;
