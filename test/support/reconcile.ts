import pg from 'pg';
import { eventually } from './eventually.js';
import { faultsIn } from './history-checker.js';
import type { Read, StoredEvent, Write } from './history-checker.js';
import { HttpClient } from './http-client.js';
import { expectReplayEqualsProjection } from './replay.js';
import { basketOf } from './shopping.js';

const PAGE = 200;

interface Recorded {
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
}

/** What became of it, for the figures of a promise. */
export interface Reconciled {
  /** In what way the histories are not what was promised; empty when they are. */
  readonly faults: readonly string[];
  readonly acknowledged: number;
  readonly reads: number;
  readonly baskets: number;
  readonly events: number;
}

/**
 * Compares what clients were told with the histories and the baskets that the service shows in the end, and these with the
 * rows of the database.
 *
 * @param urls of all processes: each must show the same
 * @param databaseUrl its events must fold to its projections
 */
export async function reconcile(
  { writes, reads }: Recorded,
  urls: readonly string[],
  databaseUrl: string,
): Promise<Reconciled> {
  using http = new HttpClient();
  const names = new Set([...writes, ...reads].map(({ basket }) => basket));
  const stored = new Map<string, readonly StoredEvent[]>();
  const last: Read[] = [];
  for (const name of names) {
    const [url = ''] = urls;
    const events = await historyOf(http, url, name);
    stored.set(name, events);
    for (const one of urls) last.push(await lastReadOf(http, one, name, events.length));
  }
  const faults = faultsIn({ writes, reads: [...reads, ...last], stored });
  await expectReplay(databaseUrl);
  return {
    faults,
    acknowledged: writes.filter(({ told }) => told === 'acknowledged').length,
    reads: reads.length,
    baskets: names.size,
    events: [...stored.values()].flat().filter(({ effect }) => effect !== undefined).length,
  };
}

async function historyOf(http: HttpClient, url: string, name: string): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for (let after: number | null = 0; after !== null;) {
    const path = `${basketOf(name)}/history?limit=${PAGE}&after=${after}`;
    const { status, text } = await http.send(url, { method: 'GET', path });
    if (status === 404) return found;
    if (status !== 200) throw new Error(`The history of ${name}: ${status} ${text}`);
    const { events, nextAfter } = JSON.parse(text) as { events: HistoryEvent[]; nextAfter: number | null };
    found.push(...events.map((event) => ({ version: event.version, effect: effectOf(event) })));
    after = nextAfter;
  }
  return found;
}

/** A write that a cache was too slow to be told of is repaired in it a moment later. */
async function lastReadOf(http: HttpClient, url: string, basket: string, version: number): Promise<Read> {
  let seen = { version: -1 } as { version: number; content?: string };
  const read = async () => {
    const { status, text } = await http.send(url, { method: 'GET', path: basketOf(basket) });
    if (status === 200) seen = { version: (JSON.parse(text) as { version: number }).version, content: text };
    if (status === 404) seen = { version: 0 };
    return seen.version === version;
  };
  await eventually(read, 5000).catch(() => undefined);
  const now = performance.now();
  return { basket, start: now, end: now, ...seen };
}

interface HistoryEvent {
  readonly version: number;
  readonly type: string;
  readonly data: { readonly productId?: string; readonly quantity?: number };
}

/** As `Shoppers` name what they ask for. */
function effectOf({ type, data: { productId = '', quantity = 0 } }: HistoryEvent): string | undefined {
  switch (type) {
    case 'BasketCreated':
      return undefined;
    case 'BasketItemAdded':
      return `add ${productId}`;
    case 'BasketItemQuantityUpdated':
      return `change ${productId} ${quantity}`;
    case 'BasketItemRemoved':
      return `remove ${productId}`;
    default:
      return type;
  }
}

/** Fails the test where the fold of any basket is not its row. */
async function expectReplay(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await expectReplayEqualsProjection({
      query: async <T>(text: string) => (await client.query(text)).rows as T,
    });
  } finally {
    await client.end();
  }
}
