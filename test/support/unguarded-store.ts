import type { Database } from '../../src/database/database.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { eventStore } from './store.js';

/** Sends the same statement without its guard. */
export function unguarded(database: Database): EventStore {
  const query: Database['query'] = (statement, values, deadline) => {
    const text = statement.text.replace('projection.version = target.expected', 'target.expected > 0');
    if (statement.name.startsWith('append-')) expect(text).not.toBe(statement.text);
    return database.query({ name: `unguarded-${statement.name}`, text }, values, deadline);
  };
  return eventStore(Object.create(database, { query: { value: query } }) as Database);
}
