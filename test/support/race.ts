import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Basket } from './api.js';
import { Api } from './api.js';
import { eventually } from './eventually.js';
import { addition, basketOf } from './shopping.js';
import { sized } from './sizes.js';

const HOT_ADDS = 6;
const SHARED_ADDS = sized(5, 20);
const OTHER_ADDS = sized(3, 32);
const OTHERS = sized(20, 1000);

/** What the service acknowledged of one basket. */
interface Acknowledged {
  readonly path: string;
  readonly products: Set<string>;
  readonly versions: number[];
  /** Pieces of the product that all writers add to. */
  shared: number;
}

export interface Race {
  readonly baskets: readonly Acknowledged[];
  readonly refusals: readonly number[];
}

const SHARED = randomUUID();

/** Writers, spread over the processes, that all add to one basket, each product once, and to one line of it, and to others. */
export async function race(urls: readonly string[], writers: number): Promise<Race> {
  const apis = urls.map((url) => new Api(url));
  const baskets = Array.from({ length: OTHERS + 1 }, (_, at): Acknowledged => {
    const user = `${at === 0 ? 'hot' : 'other'}-${randomUUID()}`;
    return { path: basketOf(user), products: new Set(), versions: [], shared: 0 };
  });
  const refusals: number[] = [];

  const add = async (api: Api, basket: Acknowledged, productId: string): Promise<void> => {
    const item = addition({ productId, quantity: 1 });
    const answer = await api.post(`${basket.path}/items`, item);
    if (answer.status >= 300) {
      refusals.push(answer.status);
      return;
    }
    const { version } = JSON.parse(answer.text) as Basket;
    basket.versions.push(version);
    if (productId === SHARED) basket.shared++;
    else basket.products.add(productId);
  };

  const write = async (writer: number): Promise<void> => {
    const api = apis[writer % apis.length];
    const [hot, ...others] = baskets;
    if (!api || !hot) return;
    const adds = [
      ...Array.from({ length: HOT_ADDS }, () => () => add(api, hot, randomUUID())),
      ...Array.from({ length: SHARED_ADDS }, () => () => add(api, hot, SHARED)),
      ...Array.from(
        { length: OTHER_ADDS },
        (_, at) => () => add(api, others[(writer * OTHER_ADDS + at) % OTHERS] ?? hot, randomUUID()),
      ),
    ];
    // Each writer does them in another order.
    for (let at = 0; at < adds.length; at++) await adds[(at + writer) % adds.length]?.();
  };

  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return { baskets, refusals };
}

/** In what way baskets differ from what was acknowledged of them; empty when nothing was lost, doubled or made up. */
export async function damagesOf({ baskets }: Race, urls: readonly string[], databaseUrl: string): Promise<string[]> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    const found: string[] = [];
    for (const basket of baskets) found.push(...(await damagesOfOne(basket, urls, database)));
    return found;
  } finally {
    await database.end();
  }
}

async function damagesOfOne(
  { path, products, shared, versions }: Acknowledged,
  urls: readonly string[],
  database: pg.Client,
) {
  const found: string[] = [];
  const texts = () => Promise.all(urls.map(async (url) => (await new Api(url).get(path)).text));
  // A write that the cache was too slow to be told of is repaired in it a moment later.
  const agree = () => texts().then((all) => new Set(all).size === 1);
  await eventually(agree, 5000).catch(() => found.push('the processes differ'));
  const [text = ''] = await texts();
  const basket = JSON.parse(text) as Basket;

  const lines = new Map(basket.items.map((line) => [line.productId, line.quantity]));
  const lost = [...products].filter((id) => lines.get(id) !== 1);
  if (lost.length > 0) found.push(`${lost.length} of ${products.size} adds were lost`);
  const madeUp = [...lines.keys()].filter((id) => id !== SHARED && !products.has(id));
  if (madeUp.length > 0) found.push(`${madeUp.length} adds were never acknowledged`);
  if ((lines.get(SHARED) ?? 0) !== shared) found.push(`${lines.get(SHARED) ?? 0} of ${shared} pieces are there`);

  if (new Set(versions).size < versions.length) found.push('a version was acknowledged twice');
  const { rows } = await database.query<{ version: number }>(
    'SELECT version FROM domain_events WHERE user_name = $1 ORDER BY version',
    [basket.userName],
  );
  if (rows.some(({ version }, at) => version !== at + 1)) found.push('the versions of the events have gaps or repeat');
  // One event opens the basket, and each add is one.
  if (rows.length !== versions.length + 1) found.push(`${rows.length} events for ${versions.length} adds`);
  if (basket.version !== rows.length) found.push(`version ${basket.version} after ${rows.length} events`);
  return found;
}
