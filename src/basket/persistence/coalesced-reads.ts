import { Batches } from '../../database/batches.js';

/** At once; more would only take connections away from writes. */
const PLACES = 4;
const MOST_KEYS = 64;

/**
 * Reads by key leave in batches, and those of one key share their answer. A read joins only what was not sent yet:
 * what was sent may be older than a write that the caller has seen acknowledged.
 */
export class CoalescedReads<Value> {
  private readonly waiting = new Map<string, Promise<Value>>();
  private readonly batches: Batches<string, Value>;

  /** @param readAll the values of the keys it has some for */
  constructor(
    readAll: (keys: string[], deadline: number) => Promise<ReadonlyMap<string, Value>>,
    missing: (key: string) => Value,
    places = PLACES,
    most = MOST_KEYS,
  ) {
    const send = async (keys: readonly string[], deadline: number) => {
      for (const key of keys) this.waiting.delete(key);
      const found = await readAll([...keys], deadline);
      return keys.map((key) => found.get(key) ?? missing(key));
    };
    this.batches = new Batches(send, places, most);
  }

  /** @param deadline as in `Database.query` */
  read(key: string, deadline: number): Promise<Value> {
    const joined = this.waiting.get(key);
    if (joined) return joined;
    const value = this.batches.add(key, deadline);
    this.waiting.set(key, value);
    return value;
  }
}
