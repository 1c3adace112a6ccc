import { createHash } from 'node:crypto';
import { SNAPSHOT_EVERY } from '../../event-store/event-store.js';
import { toDocument } from '../basket-document.js';
import { evolve, noBasket } from '../domain/basket.js';
import type { Basket } from '../domain/basket.js';
import type { RecordedEvent } from '../domain/basket.events.js';
import { figuresOf } from '../persistence/basket-figures.js';

/** An event as the rebuild reads it. */
export interface EventRecord {
  user_name: string;
  version: number;
  event_id: string;
  basket_id: string;
  event_type: string;
  event_data: unknown;
  occurred_at: Date;
}

/** A row of `basket_projections`, its JSON byte for byte. */
export interface ProjectionRecord {
  user_name: string;
  basket_id: string;
  status: string;
  version: number;
  json: string | null;
  last_event_id: string;
  updated_at: Date;
  active_hour: Date | null;
  total_items: number | null;
  /** A bigint, as text. */
  total_price: string | null;
}

export interface SnapshotRecord {
  user_name: string;
  version: number;
  /** Of the JSON, in place of it: a long stream has many. Null where there was no open basket. */
  digest: string | null;
  created_at: Date;
}

/** The events of a user do not follow from one another, so nothing can be made of them. */
export class BrokenStreamError extends Error {
  override readonly name = 'BrokenStreamError';
}

/** Folds a user's events as they come, and keeps of them what the rows made of them should be. */
export class StreamFold {
  readonly snapshots = new Map<number, Omit<SnapshotRecord, 'user_name' | 'version'>>();
  private basket: Basket;
  private last: EventRecord | undefined;

  /** @param erased the version of the erasure of an earlier user of the name, behind which this one begins; 0: there was none */
  constructor(
    private readonly userName: string,
    erased = 0,
  ) {
    this.basket = { ...noBasket(userName), version: erased };
  }

  get version(): number {
    return this.basket.version;
  }

  /** The row as it should be; undefined before the first event. */
  get projection(): ProjectionRecord | undefined {
    if (!this.last) return undefined;
    const [activeHour, totalItems, totalPrice] = figuresOf(this.basket);
    return {
      user_name: this.userName,
      basket_id: this.last.basket_id,
      status: this.basket.status,
      version: this.basket.version,
      json: this.json,
      last_event_id: this.last.event_id,
      updated_at: this.last.occurred_at,
      active_hour: activeHour === null ? null : new Date(activeHour),
      total_items: totalItems,
      total_price: totalPrice === null ? null : String(totalPrice),
    };
  }

  get json(): string | null {
    return toDocument(this.basket).json?.toString() ?? null;
  }

  /** @throws BrokenStreamError when it is not the next event, or of a type that this release does not know */
  add(event: EventRecord): void {
    const { version, event_type: type } = event;
    if (version <= this.version && !this.last)
      throw new BrokenStreamError(`version ${version} is left of an erasure that was cut short: erase the user again`);
    if (version !== this.version + 1)
      throw new BrokenStreamError(`version ${version} follows ${this.version}: the events between are missing`);
    const { event_data: data, occurred_at } = event;
    const recorded = { type, data, version, occurredAt: occurred_at.toISOString() } as RecordedEvent;
    // What is stored may come from a newer release, whatever the types say.
    const folded = evolve(this.basket, recorded) as Basket | undefined;
    if (!folded) throw new BrokenStreamError(`version ${version} is a ${type}, which this release does not know`);
    this.basket = folded;
    this.last = event;
    if (version % SNAPSHOT_EVERY === 0)
      this.snapshots.set(version, { digest: digestOf(this.json), created_at: occurred_at });
  }
}

/** As `md5(basket::text)` gives it. */
const digestOf = (json: string | null): string | null =>
  json === null ? null : createHash('md5').update(json).digest('hex');
