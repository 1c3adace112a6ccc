export interface NewEvent {
  readonly eventId: string;
  readonly version: number;
  readonly type: string;
  readonly data: unknown;
  /** ISO 8601; one time for all events of an append. */
  readonly occurredAt: string;
}

/** Members that the store itself gives a meaning to; others are the writer's. */
export interface EventMetadata {
  /** How many events the append has that this event belongs to. */
  readonly appended?: number;
  /** Of the request that appended it (W3C Trace Context). */
  readonly traceparent?: string;
  readonly [name: string]: unknown;
}

export interface StoredEvent extends NewEvent {
  readonly stream: string;
  readonly basketId: string;
  readonly metadata: EventMetadata;
  readonly commandId: string | null;
  readonly causationId: string | null;
}

/** A row of `domain_events`. */
export interface EventRecord {
  user_name: string;
  event_id: string;
  version: number;
  basket_id: string;
  event_type: string;
  event_data: unknown;
  metadata: EventMetadata;
  command_id: string | null;
  causation_id: string | null;
  occurred_at: Date;
}

export const toStoredEvent = (row: EventRecord): StoredEvent => ({
  stream: row.user_name,
  eventId: row.event_id,
  version: row.version,
  basketId: row.basket_id,
  type: row.event_type,
  data: row.event_data,
  metadata: row.metadata,
  commandId: row.command_id,
  causationId: row.causation_id,
  occurredAt: row.occurred_at.toISOString(),
});
