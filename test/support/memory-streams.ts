import { toDocument } from '../../src/basket/basket-document.js';
import { BasketHistory } from '../../src/basket/basket.history.js';
import { MergeCompletion } from '../../src/basket/merge-completion.js';
import { TypeormBasketRepository } from '../../src/basket/persistence/typeorm-basket.repository.js';
import { evolve, noBasket } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import type { RecordedEvent } from '../../src/basket/domain/basket.events.js';
import { DatabaseUnavailableError } from '../../src/database/database.js';
import type { Database } from '../../src/database/database.js';
import type { Append } from '../../src/event-store/append.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import type { StoredEvent } from '../../src/event-store/stored-event.js';

/** Lets something happen at a moment that the test chooses. */
export type Moment = <T>(what: string, happen: () => T) => Promise<T>;

/** What becomes of an append: it is done, it is done and nobody is told, or it is not done and nobody is told. */
export type Fate = 'done' | 'answer lost' | 'request lost';

/** Taken out, they show that a test can fail. */
export type Guard = 'version' | 'key' | 'cause';

type Events = Pick<EventStore, 'append' | 'erasedVersions' | 'read' | 'readBackTo' | 'findAppend' | 'findLastCaused'>;

/**
 * What the event store and its database do, in memory: each call takes effect at one moment, and between any two calls
 * those of others may take theirs. What PostgreSQL makes of the real statements, the integration tests show.
 */
export class MemoryStreams {
  private readonly streams = new Map<string, StoredEvent[]>();

  constructor(
    private readonly moment: Moment,
    private readonly fateOf: () => Fate = () => 'done',
    private readonly without?: Guard,
  ) {}

  /** What one process has in front of it. */
  process() {
    const events = this.eventStore() as EventStore;
    const history = new BasketHistory(events, 60_000);
    const baskets = new TypeormBasketRepository(this.database() as Database, events, history, 60_000);
    return { history, baskets, completion: new MergeCompletion(baskets, history) };
  }

  eventsOf(stream: string): readonly StoredEvent[] {
    return this.streams.get(stream) ?? [];
  }

  basketOf(stream: string): Basket {
    return this.eventsOf(stream).map(recorded).reduce<Basket>(evolve, noBasket(stream));
  }

  private database() {
    const find = (userName: string) => {
      const { version, json } = toDocument(this.basketOf(userName));
      return { user_name: userName, version, json: json?.toString() ?? null };
    };
    const query = (_: unknown, [userNames]: unknown[]) =>
      this.moment('read', () => ({ rows: (userNames as string[]).map(find) }));
    return { query } as unknown;
  }

  private eventStore(): unknown {
    return {
      append: async (append) => {
        const fate = this.fateOf();
        const appended = await this.moment('append', () => fate !== 'request lost' && this.append(append));
        if (fate !== 'done') throw new DatabaseUnavailableError(`The ${fate}.`);
        return appended;
      },
      // Nobody is erased here.
      erasedVersions: () => Promise.resolve(new Map()),
      read: (stream, after, limit) =>
        this.moment('page', () =>
          this.eventsOf(stream)
            .filter(({ version }) => version > after)
            .slice(0, limit),
        ),
      readBackTo: (stream, upTo) =>
        this.moment('past', () => ({
          snapshot: undefined,
          events: this.eventsOf(stream).filter(({ version }) => version <= upTo),
        })),
      findAppend: (stream, identity) => this.moment('look', () => this.withIdentity(stream, identity)),
      findLastCaused: (stream, prefix) =>
        this.moment('last', () => this.eventsOf(stream).findLast(({ causationId }) => causationId?.startsWith(prefix))),
    } satisfies Events;
  }

  private append({ stream, expected, basketId, events, metadata, commandId, causationId }: Append): boolean {
    const before = this.eventsOf(stream);
    if (this.without !== 'version' && before.length !== expected) return false;
    if (this.withIdentity(stream, { commandId, causationId })) return false;
    const stored = events.map((event, at): StoredEvent => ({
      ...event,
      ...{ stream, basketId, metadata },
      commandId: (at === 0 ? commandId : undefined) ?? null,
      causationId: (at === 0 ? causationId : undefined) ?? null,
    }));
    // As one that overwrites what it has not seen.
    this.streams.set(stream, [...before.slice(0, expected), ...stored]);
    return true;
  }

  private withIdentity(stream: string, { commandId, causationId }: Pick<Append, 'commandId' | 'causationId'>) {
    const key = this.without === 'key' ? undefined : commandId;
    const cause = this.without === 'cause' ? undefined : causationId;
    const events = this.eventsOf(stream);
    return (
      events.find((event) => key !== undefined && event.commandId === key) ??
      events.find((event) => cause !== undefined && event.causationId === cause)
    );
  }
}

const recorded = ({ type, data, version, occurredAt }: StoredEvent) =>
  ({ type, data, version, occurredAt }) as RecordedEvent;
