import type { AppendIdentity } from '../event-store/append.js';
import type { EventStore } from '../event-store/event-store.js';
import type { StoredEvent } from '../event-store/stored-event.js';
import { fromDocument } from './basket-document.js';
import { evolve, noBasket } from './domain/basket.js';
import type { Basket } from './domain/basket.js';
import { BasketError } from './domain/basket.errors.js';
import type { RecordedEvent } from './domain/basket.events.js';

/** An event, and what in another stream brought it about; all events of an append have that. */
export type CausedEvent = RecordedEvent & { readonly causationId: string | undefined };

/** A basket's past, folded from its events. Its methods throw DatabaseUnavailableError within the request's deadline. */
export class BasketHistory {
  constructor(
    private readonly events: EventStore,
    private readonly deadlineMs: number,
  ) {}

  /**
   * The basket as it was.
   *
   * @throws BasketError `version-not-found` when the user has no such version
   */
  async asOf(userName: string, version: number): Promise<Basket> {
    if (version === 0) return noBasket(userName);
    const { snapshot, events } = await this.events.readBackTo(userName, version, this.deadline());
    const from = snapshot
      ? fromDocument(userName, { version: snapshot.version, json: snapshot.json ?? undefined })
      : noBasket(userName);
    const basket = fold(from, events);
    if (basket.version === version) return basket;
    throw new BasketError('version-not-found', `The basket of ${userName} has no version ${version}.`);
  }

  /** @throws BasketError `version-not-found` when the user had no basket yet */
  async at(userName: string, time: Date): Promise<Basket> {
    const version = await this.events.versionAt(userName, time, this.deadline());
    if (version > 0) return await this.asOf(userName, version);
    throw new BasketError('version-not-found', `${userName} had no basket at ${time.toISOString()}.`);
  }

  /** The basket that an event was decided on; the first event of a user who was erased before has none before it. */
  private async before(userName: string, version: number): Promise<Basket> {
    try {
      return await this.asOf(userName, version - 1);
    } catch (error) {
      const [oldest] = await this.page(userName, 0, 1);
      if (oldest?.version !== version) throw error;
      return { ...noBasket(userName), version: version - 1 };
    }
  }

  /** At most `limit` events behind a version, oldest first. */
  async page(userName: string, after: number, limit: number): Promise<StoredEvent[]> {
    return await this.events.read(userName, after, limit, this.deadline());
  }

  /** The same, for folding. */
  async eventsAfter(userName: string, after: number, limit: number): Promise<CausedEvent[]> {
    const stored = await this.page(userName, after, limit);
    return stored.map((event) => {
      const { causationId } = event.metadata;
      return { ...toRecorded(event), causationId: typeof causationId === 'string' ? causationId : undefined };
    });
  }

  /** What the append that has one of these ids did, if there is one. */
  async findAppend(userName: string, identity: AppendIdentity) {
    const first = await this.events.findAppend(userName, identity, this.deadline());
    if (!first) return undefined;
    const before = await this.before(userName, first.version);
    const stored = await this.page(userName, before.version, first.metadata.appended ?? 1);
    return { first, before, after: fold(before, stored), events: stored.map(toRecorded) };
  }

  /** The cause of the newest append whose cause has an id that starts like this. */
  async lastCause(userName: string, prefix: string): Promise<string | undefined> {
    const first = await this.events.findLastCaused(userName, prefix, this.deadline());
    return first?.causationId ?? undefined;
  }

  private deadline(): number {
    return performance.now() + this.deadlineMs;
  }
}

const fold = (from: Basket, events: readonly StoredEvent[]): Basket =>
  events.map(toRecorded).reduce<Basket>(evolve, from);

const toRecorded = ({ type, data, version, occurredAt }: StoredEvent): RecordedEvent =>
  ({ type, data, version, occurredAt }) as RecordedEvent;
