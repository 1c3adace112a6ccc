import { randomUUIDv7 } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Database, Statement } from '../../database/database.js';
import { SNAPSHOT_EVERY } from '../../event-store/event-store.js';
import type { EventStore } from '../../event-store/event-store.js';
import { requestContext } from '../../request-context.js';
import { counts } from '../../telemetry/counts.js';
import { fromDocument, toDocument } from '../basket-document.js';
import type { BasketHistory } from '../basket.history.js';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument, BasketUpdate, UpdateOptions } from '../basket.repository.js';
import type { Basket } from '../domain/basket.js';
import { evolve, isOpen, noBasket } from '../domain/basket.js';
import { BasketError } from '../domain/basket.errors.js';
import type { RecordedEvent } from '../domain/basket.events.js';
import { decide } from '../domain/decisions.js';
import type { Decide } from '../domain/decisions.js';
import { figuresOf } from './basket-figures.js';
import { CoalescedReads } from './coalesced-reads.js';
import { Turns } from './turns.js';

const FIND: Statement = {
  name: 'find-baskets',
  text: `SELECT user_name, version, basket::text AS json FROM basket_projections WHERE user_name = ANY($1)`,
};

interface Stored extends BasketDocument {
  /** There is no row: the user was erased, at this version. */
  readonly isErased?: boolean;
}

/** Attempts at one update before it is refused as `conflict`. */
const MOST_ATTEMPTS = 50;

export class TypeormBasketRepository extends BasketRepository {
  private readonly turns = new Turns<Basket>();
  private readonly reads: CoalescedReads<Stored>;

  constructor(
    private readonly database: Database,
    private readonly events: EventStore,
    private readonly history: BasketHistory,
    private readonly deadlineMs: number,
  ) {
    super();
    this.reads = new CoalescedReads<Stored>(
      (userNames, deadline) => this.readAll(userNames, deadline),
      () => ({ version: 0, json: undefined }),
    );
  }

  async find(userName: string): Promise<BasketDocument> {
    const { version, json } = await this.reads.read(userName, performance.now() + this.deadlineMs);
    return { version, json };
  }

  async update(userName: string, by: Decide, options: UpdateOptions = {}): Promise<BasketUpdate> {
    const deadline = performance.now() + this.deadlineMs;
    return await this.turns.take(userName, async (last) => {
      let guess = last;
      for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
        const fresh = guess === undefined;
        const before = guess ?? (await this.load(userName, deadline));
        guess = undefined;
        const outcome = await this.attempt(before, by, options, deadline).catch(refusalOf);
        const update = outcome instanceof BasketError ? undefined : outcome;
        if (update && update.events.length > 0) return { last: update.after, result: update };
        // What was refused, without effect or too late may be a repeat of what has taken effect.
        const done = await this.findDone(userName, options);
        if (done) return { last: undefined, result: done };
        if (fresh && outcome instanceof BasketError) throw outcome;
        if (fresh && update) return { last: update.after, result: update };
        counts.retries++;
        // Jitter parts processes that would otherwise meet again.
        if (fresh) await setTimeout(Math.random() * Math.min(50, 2 ** attempt));
      }
      throw new BasketError('conflict', `Other writers of ${userName}'s basket were faster ${MOST_ATTEMPTS} times.`);
    });
  }

  /** What the same command or cause did before, taken from the stream itself. */
  private async findDone(userName: string, { command, causationId }: UpdateOptions): Promise<BasketUpdate | undefined> {
    if (!command && causationId === undefined) return undefined;
    const done = await this.history.findAppend(userName, { commandId: command?.id, causationId });
    if (!done) return undefined;
    const { first, before, after, events } = done;
    if (command && first.commandId === command.id && first.metadata.fingerprint !== command.fingerprint)
      throw new BasketError('idempotency-key-reused', 'Another request of this user had this Idempotency-Key.');
    return {
      before,
      after,
      events,
      causationId: first.causationId ?? undefined,
      document: toDocument(after),
      replayed: true,
    };
  }

  /** Decides once; undefined when another writer was faster. */
  private async attempt(
    before: Basket,
    by: Decide,
    { precondition, command, causationId }: UpdateOptions,
    deadline: number,
  ): Promise<BasketUpdate | undefined> {
    const nextBasketId = randomUUIDv7();
    const decided = decide(before, by, nextBasketId, precondition);
    if (decided.length === 0)
      return { before, after: before, events: [], document: toDocument(before), replayed: false };

    const now = new Date().toISOString();
    // Clocks of several machines differ; a basket's times must not run backwards.
    const occurredAt = isOpen(before) && before.updatedAt > now ? before.updatedAt : now;
    const events = decided.map((event, at) => ({
      ...event,
      eventId: randomUUIDv7(),
      version: before.version + at + 1,
      occurredAt,
    }));
    const states = statesAfter(before, events);
    const after = states.at(-1) ?? before;
    const document = toDocument(after);
    const basketId = isOpen(before) ? before.basketId : nextBasketId;
    const fingerprint = command && { fingerprint: command.fingerprint };
    const appended = await this.events.append(
      {
        stream: before.userName,
        expected: before.version,
        isNew: before.status === 'none',
        basketId,
        events,
        commandId: command?.id,
        causationId,
        metadata: { ...requestContext.getStore(), ...fingerprint, causationId, appended: events.length },
        row: [
          basketId,
          after.status,
          after.version,
          document.json,
          events.at(-1)?.eventId,
          occurredAt,
          ...figuresOf(after),
        ],
        snapshots: states
          .filter(({ version }) => version % SNAPSHOT_EVERY === 0)
          .map((state) => ({ version: state.version, json: toDocument(state).json?.toString() ?? null })),
      },
      deadline,
    );
    if (appended) return { before, after, events, causationId, document, replayed: false };
    counts.versionConflicts++;
    return undefined;
  }

  private async load(userName: string, deadline: number): Promise<Basket> {
    const stored = await this.reads.read(userName, deadline);
    return stored.isErased ? { ...noBasket(userName), version: stored.version } : fromDocument(userName, stored);
  }

  private async readAll(userNames: string[], deadline: number): Promise<Map<string, Stored>> {
    const { rows } = await this.database.query<{ user_name: string; version: number; json: string | null }>(
      FIND,
      [userNames],
      deadline,
    );
    const baskets = new Map<string, Stored>(
      rows.map(({ user_name, version, json }) => [user_name, { version, json: json ?? undefined }]),
    );
    const missing = userNames.filter((userName) => !baskets.has(userName));
    if (missing.length === 0) return baskets;
    // Only who has no row is looked for among the erased: whoever has a basket pays nothing for them.
    const erased = await this.events.erasedVersions(missing, deadline);
    for (const [userName, version] of erased) baskets.set(userName, { version, json: undefined, isErased: true });
    return baskets;
  }
}

function statesAfter(before: Basket, events: readonly RecordedEvent[]): Basket[] {
  let state = before;
  return events.map((event) => (state = evolve(state, event)));
}

function refusalOf(error: unknown): BasketError {
  if (error instanceof BasketError) return error;
  throw error;
}
