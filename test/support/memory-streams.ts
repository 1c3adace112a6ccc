import { toDocument } from '../../src/basket/basket-document.js';
import { BasketHistory } from '../../src/basket/basket.history.js';
import { MergeCompletion } from '../../src/basket/merge-completion.js';
import { TypeormBasketRepository } from '../../src/basket/persistence/typeorm-basket.repository.js';
import { evolve, noBasket } from '../../src/basket/domain/basket.js';
import type { Basket } from '../../src/basket/domain/basket.js';
import type { RecordedEvent } from '../../src/basket/domain/basket.events.js';
import { DatabaseUnavailableError } from '../../src/database/database.js';
import type { Database } from '../../src/database/database.js';
import type { Append, AppendIdentity, Snapshot } from '../../src/event-store/append.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import type { StoredEvent } from '../../src/event-store/stored-event.js';

/** Lets something happen at a moment that the test chooses. */
export type Moment = <T>(what: string, happen: () => T) => Promise<T>;

/** What becomes of an append: it is done, refused, done and nobody is told, or not done and nobody is told. */
export type Fate = 'done' | 'refused' | 'answer lost' | 'request lost';

/** Taken out, they show that a test can fail. */
export type Guard = 'version' | 'key' | 'cause';

type Events = Pick<
  EventStore,
  'append' | 'erasedVersions' | 'read' | 'readBackTo' | 'versionAt' | 'findAppend' | 'findLastCaused'
>;

/**
 * What the event store and its database do, in memory: each call takes effect at one moment, and between any two calls
 * those of others may take theirs. What PostgreSQL makes of the real statements, the integration tests show.
 */
export class MemoryStreams {
  /** What took effect, as it was asked for. */
  readonly appends: Append[] = [];
  /** Where the streams of users who were erased have ended. */
  readonly erased = new Map<string, number>();
  /** The names that were looked for among them, together. */
  readonly soughtAmongErased: (readonly string[])[] = [];
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
    const start = { ...noBasket(stream), version: this.erased.get(stream) ?? 0 };
    return this.eventsOf(stream).map(recorded).reduce<Basket>(evolve, start);
  }

  private inTime<T>(what: string, deadline: number, happen: () => T): Promise<T> {
    return this.moment(what, () => {
      if (deadline > performance.now()) return happen();
      throw new DatabaseUnavailableError('The deadline has passed.');
    });
  }

  private database() {
    const find = (userName: string) => {
      const { version, json } = toDocument(this.basketOf(userName));
      return { user_name: userName, version, json: json?.toString() ?? null };
    };
    const query = (_: unknown, [userNames]: unknown[], deadline: number) =>
      this.inTime('read', deadline, () => ({
        rows: (userNames as string[]).filter((userName) => this.streams.has(userName)).map(find),
      }));
    return { query } as unknown;
  }

  private eventStore(): unknown {
    return {
      append: async (append, deadline) => {
        const fate = this.fateOf();
        if (fate === 'refused') throw new Error('This value cannot be stored.');
        const appended = await this.inTime('append', deadline, () => fate !== 'request lost' && this.append(append));
        if (fate !== 'done') throw new DatabaseUnavailableError(`The ${fate}.`);
        return appended;
      },
      erasedVersions: (streams) => {
        this.soughtAmongErased.push(streams);
        return Promise.resolve(new Map([...this.erased].filter(([stream]) => streams.includes(stream))));
      },
      read: (stream, after, limit, deadline) =>
        this.inTime('page', deadline, () =>
          this.eventsOf(stream)
            .filter(({ version }) => version > after)
            .slice(0, limit),
        ),
      readBackTo: (stream, upTo, deadline) =>
        this.inTime('past', deadline, () => {
          const snapshot = this.snapshotsOf(stream).findLast(({ version }) => version <= upTo);
          const isAsked = ({ version }: StoredEvent) => version > (snapshot?.version ?? 0) && version <= upTo;
          return { snapshot, events: this.eventsOf(stream).filter(isAsked) };
        }),
      versionAt: (stream, time, deadline) =>
        this.inTime('time', deadline, () => {
          const isPast = ({ occurredAt }: StoredEvent) => occurredAt <= time.toISOString();
          return this.eventsOf(stream).findLast(isPast)?.version ?? 0;
        }),
      findAppend: (stream, identity, deadline) =>
        this.inTime('look', deadline, () => this.withIdentity(stream, identity)),
      findLastCaused: (stream, prefix, deadline) =>
        this.inTime('last', deadline, () =>
          this.eventsOf(stream).findLast(({ causationId }) => causationId?.startsWith(prefix)),
        ),
    } satisfies Events;
  }

  private snapshotsOf(stream: string): Snapshot[] {
    return this.appends.filter((append) => append.stream === stream).flatMap(({ snapshots }) => snapshots);
  }

  private append(append: Append): boolean {
    const { stream, expected, changes } = append;
    const before = this.eventsOf(stream);
    if (this.without !== 'version' && this.basketOf(stream).version !== expected) return false;
    if (changes.some((change) => this.withIdentity(stream, change))) return false;
    const stored = changes.flatMap(({ basketId, events, metadata, commandId, causationId }) =>
      events.map((event, at): StoredEvent => ({
        ...event,
        ...{ stream, basketId, metadata },
        commandId: (at === 0 ? commandId : undefined) ?? null,
        causationId: (at === 0 ? causationId : undefined) ?? null,
      })),
    );
    // As one that overwrites what it has not seen.
    this.streams.set(stream, [...before.filter(({ version }) => version <= expected), ...stored]);
    this.appends.push(append);
    return true;
  }

  private withIdentity(stream: string, { commandId, causationId }: AppendIdentity) {
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
