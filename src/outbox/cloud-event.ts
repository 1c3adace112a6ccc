import type { StoredEvent } from '../event-store/stored-event.js';
import { bucketOf } from './buckets.js';

/** CloudEvents 1.0, JSON format; `docs/events.md` describes it, `asyncapi.yaml` has the schemas. */
export interface CloudEvent {
  readonly specversion: '1.0';
  /** The event's id: consumers drop what they have seen. */
  readonly id: string;
  readonly source: '/baskets';
  readonly type: string;
  /** The user whose basket it is. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Extension: the version of the basket's stream; events of one subject come in this order. */
  readonly version: number;
  /** Extension: one basket of the user. */
  readonly basketid: string;
  readonly data: unknown;
}

export interface Message {
  readonly id: string;
  readonly subject: string;
  readonly event: CloudEvent;
  /** Of the request that stored the event, if it was part of a trace. */
  readonly traceparent?: string | undefined;
}

/** @returns the message on `basket.v1.<bucket>.<event type>`; a bucket has all events of a basket */
export function toMessage({
  stream,
  eventId,
  type,
  version,
  basketId,
  occurredAt,
  data,
  metadata,
}: StoredEvent): Message {
  return {
    id: eventId,
    subject: `basket.v1.${bucketOf(stream)}.${type}`,
    event: {
      specversion: '1.0',
      id: eventId,
      source: '/baskets',
      type: `basket.v1.${type}`,
      subject: stream,
      time: occurredAt,
      datacontenttype: 'application/json',
      version,
      basketid: basketId,
      data,
    },
    traceparent: metadata.traceparent,
  };
}
