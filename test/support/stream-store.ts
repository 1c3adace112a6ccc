import { Limits } from '../../src/basket/domain/decisions.js';
import { TestStore, soon } from './store.js';

/** The baskets on a database of their own, without the rest of the service: no cache, and no relay. */
export async function openStore() {
  const store = await TestStore.open();
  const process = store.process();
  return {
    ...process,
    process: () => store.process(),
    query: store.query.bind(store),
    limits: new Limits(500, 9999),
    /** All of the user's events. */
    eventsOf: (userName: string) => process.events.read(userName, 0, 1000, soon()),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

export type Store = Awaited<ReturnType<typeof openStore>>;
