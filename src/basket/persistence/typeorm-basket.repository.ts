import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout } from 'node:timers/promises';
import { DatabaseUnavailableError } from '../../database/database.js';
import type { Database, Statement } from '../../database/database.js';
import type { EventStore } from '../../event-store/event-store.js';
import { requestContext, withinRequest } from '../../request-context.js';
import { counts } from '../../telemetry/counts.js';
import { recordedSpan } from '../../telemetry/spans.js';
import type { RecordedSpan } from '../../telemetry/spans.js';
import { fromDocument, toDocument } from '../basket-document.js';
import type { BasketHistory } from '../basket.history.js';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument, BasketUpdate, UpdateOptions } from '../basket.repository.js';
import type { Basket } from '../domain/basket.js';
import { noBasket } from '../domain/basket.js';
import { BasketError } from '../domain/basket.errors.js';
import type { Decide } from '../domain/decisions.js';
import { CoalescedReads } from './coalesced-reads.js';
import { appendOf, stepFrom } from './step.js';
import type { Step, Wish } from './step.js';
import { Turns } from './turns.js';
import type { Turn } from './turns.js';

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

/** Updates that are stored as one. */
const MOST_TOGETHER = 32;
/** Who has less time left goes alone, so that the others are not cut off with it. */
const HURRY_MS = 1000;

interface Wanted extends Wish {
  readonly userName: string;
  readonly deadline: number;
  readonly span: RecordedSpan;
  /** As part of the request that wants it. */
  readonly within: <R>(work: () => R) => R;
}

type Waiting = Turn<Wanted, BasketUpdate>;

export class TypeormBasketRepository extends BasketRepository {
  private readonly turns = new Turns<Wanted, BasketUpdate, Basket>(async (waiting, last) => {
    return (last && (await this.updateTogether(waiting, last))) ?? (await this.updateFirst(waiting, last));
  });
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
    return await this.turns.take(userName, {
      userName,
      by,
      options,
      context: requestContext.getStore(),
      deadline: withinRequest(performance.now() + this.deadlineMs),
      span: recordedSpan(),
      within: AsyncLocalStorage.snapshot(),
    });
  }

  /**
   * Writers of one basket who have waited are decided one after the other, each on what the one before will leave, and stored as one.
   * When another process was faster, or one of them has taken effect before, the first one goes alone and looks again.
   *
   * @returns undefined when there are no two who can go together
   */
  private async updateTogether(waiting: readonly Waiting[], last: Basket) {
    const [first, ...more] = waiting.length > 1 ? stepsFrom(last, waiting) : [];
    if (!first || more.length === 0) return undefined;
    const steps = [first, ...more] as const;
    const deadline = Math.min(...steps.map(({ turn }) => turn.item.deadline));
    const spans = steps.map(({ turn }) => turn.item.span);
    const append = () => this.events.append(appendOf(steps), deadline, spans);
    try {
      // It belongs to none of their requests.
      if (!(await requestContext.exit(append))) {
        counts.versionConflicts++;
        counts.retries++;
        return await this.updateFirst(waiting);
      }
    } catch (error) {
      // What the database refuses took no effect, and may be the fault of one of them.
      if (!(error instanceof DatabaseUnavailableError)) return await this.updateFirst(waiting);
      for (const { turn } of steps) turn.reject(error);
      return { served: steps.length, last: undefined };
    }
    for (const { turn, update } of steps) turn.resolve(update);
    return { served: steps.length, last: steps.at(-1)?.update.after };
  }

  private async updateFirst([first]: readonly Waiting[], last?: Basket) {
    if (!first) return { served: 0, last };
    const { item, resolve, reject } = first;
    try {
      const update = await item.within(() => this.updateAlone(item, last));
      resolve(update);
      return { served: 1, last: update.replayed ? undefined : update.after };
    } catch (error) {
      reject(error);
      return { served: 1, last: undefined };
    }
  }

  private async updateAlone(wanted: Wanted, last?: Basket): Promise<BasketUpdate> {
    const { userName, options, deadline } = wanted;
    let guess = last;
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const fresh = guess === undefined;
      const before = guess ?? (await this.load(userName, deadline));
      guess = undefined;
      const outcome = await this.attempt(before, wanted).catch(refusalOf);
      const update = outcome instanceof BasketError ? undefined : outcome;
      if (update && update.events.length > 0) return update;
      // What was refused, without effect or too late may be a repeat of what has taken effect.
      const done = await this.findDone(userName, options);
      if (done) return done;
      if (fresh && outcome instanceof BasketError) throw outcome;
      if (fresh && update) return update;
      counts.retries++;
      // Jitter parts processes that would otherwise meet again.
      if (fresh) await setTimeout(Math.random() * Math.min(50, 2 ** attempt));
    }
    throw new BasketError('conflict', `Other writers of ${userName}'s basket were faster ${MOST_ATTEMPTS} times.`);
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
  private async attempt(before: Basket, wanted: Wanted): Promise<BasketUpdate | undefined> {
    const step = stepFrom(before, wanted);
    if (!step.change || (await this.events.append(appendOf([step]), wanted.deadline))) return step.update;
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

/** What comes of those who wait, up to one that must go alone. */
function stepsFrom(last: Basket, waiting: readonly Waiting[]): (Step & { readonly turn: Waiting })[] {
  const steps: (Step & { readonly turn: Waiting })[] = [];
  const ids = new Set<string>();
  const hurry = performance.now() + HURRY_MS;
  let before = last;
  for (const turn of waiting.slice(0, MOST_TOGETHER)) {
    const { options, deadline } = turn.item;
    const own = [options.command?.id, options.causationId].filter((id) => id !== undefined);
    if (deadline < hurry || own.some((id) => ids.has(id))) break;
    for (const id of own) ids.add(id);
    const step = stepUnlessRefused(before, turn.item);
    if (!step?.change) break;
    steps.push({ ...step, turn });
    before = step.update.after;
  }
  return steps;
}

/** Whatever fails here fails again, for its caller to hear of, when it goes alone. */
function stepUnlessRefused(before: Basket, wish: Wish): Step | undefined {
  try {
    return stepFrom(before, wish);
  } catch {
    return undefined;
  }
}

function refusalOf(error: unknown): BasketError {
  if (error instanceof BasketError) return error;
  throw error;
}
