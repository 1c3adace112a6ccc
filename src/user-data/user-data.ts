import type { Database, Statement } from '../database/database.js';
import { SerializationError } from '../database/database.js';
import { BasketError } from '../basket/domain/basket.errors.js';
import type { EventStore } from '../event-store/event-store.js';
import type { StoredEvent } from '../event-store/stored-event.js';
import type { Tombstones } from '../event-store/tombstones.js';
import { requestContext } from '../request-context.js';
import { erasureOf } from './erasure.js';
import type { Holdings } from './erasure.js';
import * as sql from './statements.js';

/** Versions that one statement erases: some tens of milliseconds. */
const VERSIONS = 5000;
/** A page of an export is in memory as a whole, and a snapshot may have hundreds of kilobytes. */
const EVENTS = 500;
const SNAPSHOTS = 10;
/** Attempts at an erasure while the user goes on shopping. */
const MOST_ATTEMPTS = 50;

/** One thing that is stored of a user. */
export type Item = { readonly type: 'projection' | 'event' | 'snapshot' | 'outbox'; readonly version: number } & object;

/** All that is stored of users, by their names. Its methods throw DatabaseUnavailableError within the deadline. */
export class UserData {
  /**
   * @param closed told as soon as a user's basket is gone for good, with the version of the erasure; what else there
   *   is goes after that
   * @param page versions a statement
   */
  constructor(
    private readonly database: Database,
    private readonly events: EventStore,
    private readonly tombstones: Tombstones,
    private readonly deadlineMs: number,
    private readonly closed: (userName: string, version: number) => Promise<void>,
    private readonly page = VERSIONS,
  ) {}

  /**
   * Erases it all, but for a tombstone without the name. First the basket goes and the tombstone comes, in one moment:
   * from then on there is no basket and none can begin. Then the rest goes, a page at a time. Whatever cuts it
   * short, the next call goes on.
   *
   * @returns the version of the erasure; undefined when there was nothing
   * @throws BasketError `conflict` when the basket was changed too many times meanwhile
   */
  async erase(userName: string): Promise<number | undefined> {
    let done: number | undefined;
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const { cutShort, ...holdings } = await this.holdings(userName);
      const version = erasureOf(holdings);
      if (version === undefined) return done;
      done = version;
      const tombstone = cutShort ?? this.tombstones.of(userName);
      const values = [userName, holdings.row ?? 0, tombstone, version, new Date()];
      if (!(await this.ask<boolean>(sql.CLOSE, values))) continue;
      await this.closed(userName, version);
      if ((await this.eraseRest(userName, tombstone)) && !(await this.isBelow(userName, version))) return version;
    }
    throw new BasketError('conflict', `The basket of ${userName} was changed ${MOST_ATTEMPTS} times meanwhile.`);
  }

  /**
   * Whether a first append has come through that was under way before the tombstone was there, and waited: its statement
   * did not see it. What begins behind the tombstone is nobody's business any more.
   */
  private async isBelow(userName: string, version: number): Promise<boolean> {
    const { row } = await this.holdings(userName);
    return row !== null && row <= version;
  }

  /** @returns false when the stream is not closed any more */
  private async eraseRest(userName: string, tombstone: string): Promise<boolean> {
    for (;;) {
      const erased = await this.ask<number>(sql.ERASE_PAGE, [userName, tombstone, this.page]);
      if (erased !== undefined && erased <= 0) return erased === 0;
    }
  }

  private async holdings(userName: string): Promise<Holdings & { readonly cutShort: string | null }> {
    const values = [userName, this.tombstones.allOf(userName)];
    const [found] = await this.rows<Omit<Holdings, 'isCutShort'> & { cutShort: string | null }>(sql.HOLDINGS, values);
    if (!found) throw new Error('A query without FROM has one row.');
    return { ...found, isCutShort: found.cutShort !== null };
  }

  /**
   * All of it up to the version that it is at now: the basket, its events, the snapshots, and what the outbox still has
   * to publish; each of these oldest first. Nothing is read before it is asked for.
   *
   * @returns undefined when there is nothing
   * @throws Error, when the iteration comes to what was erased meanwhile
   */
  async export(userName: string): Promise<AsyncGenerator<Item> | undefined> {
    const [projection] = await this.rows<{ version: number; totalPrice: string | null }>(sql.PROJECTION, [userName]);
    const { newest } = await this.holdings(userName);
    const last = projection?.version ?? newest;
    return last === null ? undefined : this.items(userName, last, projection);
  }

  private async *items(userName: string, last: number, projection: { totalPrice: string | null } | undefined) {
    if (projection) {
      const totalPrice = projection.totalPrice === null ? null : Number(projection.totalPrice);
      yield { type: 'projection', ...projection, totalPrice } as unknown as Item;
    }
    let version = 0;
    while (version < last) {
      const events = await this.eventsBehind(userName, version);
      for (const event of events) if (event.version <= last) yield toItem(event);
      const end = events.at(-1)?.version;
      if (end === undefined) {
        if (!projection) break;
        throw new Error('The user was erased during the export.');
      }
      version = end;
    }
    yield* this.pages(userName, last, 'snapshot', sql.SNAPSHOTS, SNAPSHOTS);
    yield* this.pages(userName, last, 'outbox', sql.POINTERS, EVENTS);
  }

  /** Outside the request: an export lasts as long as its reader takes, each statement as long as any. */
  private eventsBehind(userName: string, version: number): Promise<StoredEvent[]> {
    return requestContext.exit(() => this.events.read(userName, version, EVENTS, this.deadline()));
  }

  private async *pages(userName: string, last: number, type: Item['type'], statement: Statement, limit: number) {
    let version = 0;
    for (;;) {
      const values = [userName, version, last, limit];
      const rows = await requestContext.exit(() => this.rows<Omit<Item, 'type'>>(statement, values));
      for (const row of rows) yield { type, ...row };
      const end = rows.at(-1);
      if (!end || rows.length < limit) return;
      ({ version } = end);
    }
  }

  /** The one value that a function of the database answers; undefined when others were in its way. */
  private async ask<Value>(statement: Statement, values: unknown[]): Promise<Value | undefined> {
    try {
      const [row] = await this.rows<Record<string, Value>>(statement, values);
      return row && Object.values(row)[0];
    } catch (error) {
      if (error instanceof SerializationError) return undefined;
      throw error;
    }
  }

  private async rows<Row extends object>(statement: Statement, values: unknown[]): Promise<Row[]> {
    return (await this.database.query<Row>(statement, values, this.deadline())).rows;
  }

  private deadline(): number {
    return performance.now() + this.deadlineMs;
  }
}

const toItem = ({ type, stream: _, ...event }: StoredEvent): Item =>
  ({ type: 'event', eventType: type, ...event }) as Item;
