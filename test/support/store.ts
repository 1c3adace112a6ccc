import { BasketHistory } from '../../src/basket/basket.history.js';
import { Limits } from '../../src/basket/domain/decisions.js';
import { MergeCompletion } from '../../src/basket/merge-completion.js';
import { TypeormBasketRepository } from '../../src/basket/persistence/typeorm-basket.repository.js';
import { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open.js';
import { EventStore } from '../../src/event-store/event-store.js';
import { createTestDatabase, testConfig } from './database.js';

const DEADLINE_MS = 5000;

/** The baskets on a database of their own, without the rest of the service: no cache, and no relay. */
export async function openStore() {
  const testDatabase = await createTestDatabase();
  const config = testConfig(testDatabase);
  const source = await openDatabase(config, await testDatabase.open(config));
  const database = new Database(source, !source.embedded);
  const events = new EventStore(database);
  const history = new BasketHistory(events, DEADLINE_MS);
  const baskets = new TypeormBasketRepository(database, events, history, DEADLINE_MS);
  return {
    database,
    events,
    history,
    baskets,
    completion: new MergeCompletion(baskets, history),
    limits: new Limits(500, 9999),
    /** All of the user's events. */
    eventsOf: (userName: string) => events.read(userName, 0, 1000, soon()),
    [Symbol.asyncDispose]: async () => {
      await source.destroy();
      await testDatabase.drop();
    },
  };
}

export type Store = Awaited<ReturnType<typeof openStore>>;

/** The deadline of a statement. */
export const soon = (): number => performance.now() + DEADLINE_MS;
