import { randomUUID } from 'node:crypto';
import type { Append, Change } from '../../src/event-store/append.js';

/** An append of events that no basket would store, for a stream at a version. */
export function someAppend(
  stream: string,
  expected: number,
  change: Partial<Append & Change> & { count?: number; data?: unknown } = {},
): Append {
  const { count = 1, data = {}, commandId, causationId, ...rest } = change;
  const [basketId, occurredAt] = [randomUUID(), new Date().toISOString()];
  const events = Array.from({ length: count }, (_, at) => ({
    eventId: randomUUID(),
    version: expected + at + 1,
    type: 'BasketItemAdded',
    data,
    occurredAt,
  }));
  return {
    stream,
    expected,
    changes: [{ basketId, events, metadata: {}, commandId, causationId }],
    row: [basketId, 'active', expected + count, '{}', events.at(-1)?.eventId, occurredAt, null, null, null],
    snapshots: [],
    ...rest,
  };
}
