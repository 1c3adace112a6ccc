import { toDocument } from '../../src/basket/basket-document.js';
import { abandon } from '../../src/basket/domain/abandonment.js';
import { evolve, isOpen, lineOf, noBasket } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import type { ItemData, RecordedEvent } from '../../src/basket/domain/basket.events.js';
import { checkOut } from '../../src/basket/domain/checkout.js';
import {
  addItem,
  clear,
  decide,
  remove,
  removeItem,
  replaceBasket,
  updateQuantity,
} from '../../src/basket/domain/decisions.js';
import type { Decide } from '../../src/basket/domain/decisions.js';
import { figuresOf } from '../../src/basket/persistence/basket-figures.js';
import { limits } from './items.js';

const YEAR = 2025;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const END = Date.UTC(YEAR + 1, 0, 1);
const PRODUCTS = 40;

/** The same numbers for the same seed, below 1 (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type GeneratedEvent = RecordedEvent & { readonly basketId: string };

/** A user with all that ever happened to the baskets of that user. */
export interface Shopper {
  readonly userName: string;
  readonly basket: Basket;
  readonly events: readonly GeneratedEvent[];
}

/** Shoppers of a year, who open that many baskets or a few more; all of it decided and folded by the domain. */
export function* shoppersOfYear(baskets: number, seed = 20_261_123): Generator<Shopper> {
  const random = randomNumbers(seed);
  const below = (most: number) => Math.floor(random() * most);
  for (let user = 0, opened = 0; opened < baskets; user++) {
    const shopper = shop(`shopper-${user}`, user, below);
    opened += shopper.events.filter(({ type }) => type === 'BasketCreated').length;
    yield shopper;
  }
}

/** One shopper's year: one basket after the other, some of them in several currencies, some given up half-way. */
function shop(userName: string, user: number, below: (most: number) => number): Shopper {
  const events: GeneratedEvent[] = [];
  let basket: Basket = noBasket(userName);
  let basketId = '';
  let opened = 0;
  let time = Date.UTC(YEAR, 0, 1) + below(365) * DAY_MS + below(DAY_MS);
  const happens = (by: Decide) => {
    const nextBasketId = `${user.toString(16).padStart(8, '0')}-0000-7000-8000-${(opened + 1).toString(16).padStart(12, '0')}`;
    const occurredAt = new Date(time).toISOString();
    for (const event of decide(basket, by, nextBasketId)) {
      if (event.type === 'BasketCreated') ({ basketId } = event.data);
      if (event.type === 'BasketCreated') opened++;
      const recorded = { ...event, version: basket.version + 1, occurredAt };
      basket = evolve(basket, recorded);
      events.push({ ...recorded, basketId });
    }
  };
  do {
    const currency = ['EUR', 'EUR', 'EUR', 'USD', 'JPY'][below(5)] ?? 'EUR';
    // Some at the last and at the first moment of a day.
    if (below(10) === 0) time += DAY_MS - (time % DAY_MS) - below(2);
    for (let steps = 1 + below(8); steps > 0 && time < END; steps--) {
      happens(something(basket, currency, below));
      time += 1 + below(below(6) === 0 ? 3 * DAY_MS : 20 * MINUTE_MS);
      if (below(4) === 0) happens((current) => abandon(current, new Date(time - DAY_MS).toISOString()));
    }
    happens(ending(below));
    time += below(60 * DAY_MS);
  } while (time < END && below(3) > 0);
  time = END;
  happens((current) => abandon(current, new Date(END - DAY_MS).toISOString()));
  return { userName, basket, events };
}

function something(basket: Basket, currency: string, below: (most: number) => number): Decide {
  const product = below(PRODUCTS);
  const item: ItemData = {
    productId: `00000000-0000-4000-8000-${product.toString(16).padStart(12, '0')}`,
    productName: `Product ${product}`,
    unitPrice: below(50) === 0 ? 100_000_000_000 : below(20_000),
    quantity: 1 + below(5),
  };
  const agreed = isOpen(basket) ? basket.currency : currency;
  const there = isOpen(basket) && lineOf(basket, item.productId) !== undefined;
  const kind = below(12);
  if (kind === 0)
    return (current, id) => replaceBasket(current, { currency: agreed, items: below(3) > 0 ? [item] : [] }, limits, id);
  if (kind === 1 && isOpen(basket)) return clear;
  if (kind < 4 && there) return (current) => updateQuantity(current, item, limits);
  if (kind < 6 && there) return (current) => removeItem(current, item.productId);
  return (current, id) => addItem(current, { ...item, currency: agreed }, limits, id);
}

function ending(below: (most: number) => number): Decide {
  const kind = below(10);
  return (basket) => {
    if (!isOpen(basket)) return [];
    if (kind < 4 && basket.lines.length > 0) return checkOut(basket, basket.version);
    return kind < 6 ? remove(basket) : [];
  };
}

const EVENTS = `
  INSERT INTO domain_events (user_name, version, event_id, basket_id, event_type, event_data, metadata, occurred_at)
  SELECT user_name, version, gen_random_uuid(), basket_id, type, data, '{}', at
  FROM unnest($1::text[], $2::integer[], $3::uuid[], $4::text[], $5::jsonb[], $6::timestamptz[])
    AS event (user_name, version, basket_id, type, data, at)`;

const PROJECTIONS = `
  INSERT INTO basket_projections (user_name, basket_id, status, version, basket, last_event_id, updated_at,
                                  active_hour, total_items, total_price)
  SELECT row.user_name, row.basket_id, status, row.version, basket, event_id, occurred_at,
         active_hour, total_items, total_price
  FROM unnest($1::text[], $2::uuid[], $3::text[], $4::integer[], $5::json[],
              $6::timestamptz[], $7::integer[], $8::bigint[])
    AS row (user_name, basket_id, status, version, basket, active_hour, total_items, total_price)
  JOIN domain_events USING (user_name, version)`;

type Query = (sql: string, values: unknown[]) => Promise<unknown>;

/** Stores what the service would have stored, a few hundred shoppers a statement; answers how many events that were. */
export async function storeShoppers(query: Query, shoppers: Iterable<Shopper>): Promise<number> {
  let stored = 0;
  let some: Shopper[] = [];
  const flush = async () => {
    const events = some.flatMap(({ userName, events }) =>
      events.map((event) => [
        ...[userName, event.version, event.basketId, event.type, JSON.stringify(event.data), event.occurredAt],
      ]),
    );
    const rows = some.map(({ userName, basket, events }) => [
      ...[userName, events.at(-1)?.basketId, basket.status, basket.version, toDocument(basket).json ?? null],
      ...figuresOf(basket),
    ]);
    await query(EVENTS, columnsOf(events));
    await query(PROJECTIONS, columnsOf(rows));
    stored += events.length;
    some = [];
  };
  for (const shopper of shoppers) if (some.push(shopper) === 400) await flush();
  if (some.length > 0) await flush();
  return stored;
}

const columnsOf = (rows: readonly (readonly unknown[])[]): unknown[][] =>
  Array.from({ length: rows[0]?.length ?? 0 }, (_, column) => rows.map((row) => row[column]));
