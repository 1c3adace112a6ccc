import { randomUUIDv7 } from 'node:crypto';
import type { Append, Change } from '../../event-store/append.js';
import { SNAPSHOT_EVERY } from '../../event-store/event-store.js';
import type { RequestContext } from '../../request-context.js';
import { toDocument } from '../basket-document.js';
import type { BasketUpdate, UpdateOptions } from '../basket.repository.js';
import type { Basket } from '../domain/basket.js';
import { evolve, isOpen } from '../domain/basket.js';
import type { RecordedEvent } from '../domain/basket.events.js';
import { decide } from '../domain/decisions.js';
import type { Decide } from '../domain/decisions.js';
import { figuresOf } from './basket-figures.js';

/** What a caller wants to happen to a basket. */
export interface Wish {
  readonly by: Decide;
  readonly options: UpdateOptions;
  /** Whose wish it is goes into the metadata of the events. */
  readonly context: RequestContext | undefined;
}

/** What comes of a wish if nobody is faster. */
export interface Step {
  readonly update: BasketUpdate;
  /** The basket after each of the events. */
  readonly states: readonly Basket[];
  /** None when there is nothing to change. */
  readonly change: Change | undefined;
}

/** @throws BasketError what is refused */
export function stepFrom(before: Basket, { by, options, context }: Wish): Step {
  const { precondition, command, causationId } = options;
  const nextBasketId = randomUUIDv7();
  const decided = decide(before, by, nextBasketId, precondition);
  if (decided.length === 0) {
    const update = { before, after: before, events: [], document: toDocument(before), replayed: false };
    return { update, states: [], change: undefined };
  }
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
  const fingerprint = command && { fingerprint: command.fingerprint };
  return {
    update: { before, after, events, causationId, document: toDocument(after), replayed: false },
    states,
    change: {
      basketId: isOpen(before) ? before.basketId : nextBasketId,
      events,
      commandId: command?.id,
      causationId,
      metadata: { ...context, ...fingerprint, causationId, appended: events.length },
    },
  };
}

/** Stores steps of one basket, each of which starts from the one before, as one: all of them or none takes effect. */
export function appendOf(steps: readonly [Step, ...Step[]]): Append {
  const [{ update }] = steps;
  const { after, document } = (steps.at(-1) ?? steps[0]).update;
  const changes = steps.flatMap(({ change }) => change ?? []);
  const last = changes.at(-1);
  const event = last?.events.at(-1);
  return {
    stream: update.before.userName,
    expected: update.before.version,
    isNew: update.before.status === 'none',
    changes,
    row: [
      ...[last?.basketId, after.status, after.version, document.json, event?.eventId, event?.occurredAt],
      ...figuresOf(after),
    ],
    snapshots: steps
      .flatMap(({ states }) => states)
      .filter(({ version }) => version % SNAPSHOT_EVERY === 0)
      .map((state) => ({ version: state.version, json: toDocument(state).json?.toString() ?? null })),
  };
}

function statesAfter(before: Basket, events: readonly RecordedEvent[]): Basket[] {
  let state = before;
  return events.map((event) => (state = evolve(state, event)));
}
