import { dataSchemaOf, eventCatalogue, eventTypes } from './basket/event-catalogue.js';
import type { EventType } from './basket/event-catalogue.js';
import { BUCKETS } from './outbox/buckets.js';
import { toMessage } from './outbox/cloud-event.js';

// AsyncAPI 3.0 for the events that leave the service; docs/generate-events.mjs writes it down as asyncapi.yaml.

const ref = (path: string) => ({ $ref: `#/${path}` });

/** CloudEvents may have more attributes, such as a trace context: consumers ignore what they do not know. */
const envelope = {
  type: 'object',
  description: 'CloudEvents 1.0 in the JSON format.',
  required: [
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'datacontenttype',
    'version',
    'basketid',
    'data',
  ],
  properties: {
    specversion: { type: 'string', const: '1.0' },
    id: { type: 'string', format: 'uuid', description: "The event's id (UUID v7). A repeat has the same." },
    source: { type: 'string', const: '/baskets' },
    type: { type: 'string', description: '`basket.v1.` and the type of the event.' },
    subject: { type: 'string', minLength: 1, maxLength: 128, description: 'The user whose basket it is.' },
    time: { type: 'string', format: 'date-time', description: 'When it happened; UTC with milliseconds.' },
    datacontenttype: { type: 'string', const: 'application/json' },
    version: {
      type: 'integer',
      minimum: 1,
      description: "The version of the user's basket: 1, 2, 3, … without gap, also across delete and checkout.",
    },
    basketid: { type: 'string', format: 'uuid', description: 'One basket of the user, from creation to its end.' },
    data: { type: 'object' },
  },
};

const headers = {
  type: 'object',
  required: ['Nats-Msg-Id', 'Content-Type'],
  properties: {
    'Nats-Msg-Id': {
      type: 'string',
      format: 'uuid',
      description: 'The id of the event: JetStream drops repeats by it.',
    },
    'Content-Type': { type: 'string', const: 'application/cloudevents+json' },
  },
};

const messageOf = (type: EventType) => ({
  name: `basket.v1.${type}`,
  title: type,
  summary: eventCatalogue[type].summary,
  contentType: 'application/cloudevents+json',
  headers: ref('components/schemas/Headers'),
  payload: ref(`components/schemas/${type}`),
  examples: [{ name: type, payload: exampleOf(type) }],
});

const payloadOf = (type: EventType) => ({
  description: eventCatalogue[type].summary,
  allOf: [
    ref('components/schemas/CloudEvent'),
    {
      type: 'object',
      properties: { type: { type: 'string', const: `basket.v1.${type}` }, data: ref(`components/schemas/${type}Data`) },
    },
  ],
});

const exampleOf = (type: EventType) =>
  toMessage({
    stream: 'alice',
    eventId: '019ab3c2-7d1f-7d86-8c03-e80081b81039',
    type,
    version: type === 'BasketCreated' ? 1 : 7,
    basketId: '019ab3c2-7d1e-7c4a-9f2e-0d5b8f1c2a33',
    occurredAt: '2026-11-23T09:15:02.113Z',
    data: eventCatalogue[type].example,
    metadata: {},
    commandId: null,
    causationId: null,
  }).event;

const each = <T>(describe: (type: EventType) => T, nameOf = (type: EventType): string => type): Record<string, T> =>
  Object.fromEntries(eventTypes.map((type) => [nameOf(type), describe(type)]));

export const asyncApiDocument = () => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Basket events',
    version: '1.0.0',
    description:
      'What happens to baskets, at least once and in version order for each basket. docs/events.md says how to consume it.',
  },
  defaultContentType: 'application/cloudevents+json',
  servers: {
    nats: { host: 'localhost:4222', protocol: 'nats', description: 'NATS with JetStream: NATS_URL of the service.' },
  },
  channels: {
    basketEvents: {
      address: 'basket.v1.{bucket}.{eventType}',
      description: 'All events of a user are in one bucket. The JetStream stream BASKET has all of them.',
      parameters: {
        bucket: {
          description: `A whole number from 0 to ${BUCKETS - 1}: the first byte of MD5(user name), modulo ${BUCKETS}.`,
        },
        eventType: { description: 'The type of the event.', enum: eventTypes },
      },
      messages: each((type) => ref(`components/messages/${type}`)),
    },
  },
  operations: {
    publishBasketEvents: {
      action: 'send',
      summary: 'The service publishes what has happened.',
      channel: ref('channels/basketEvents'),
    },
  },
  components: {
    messages: each(messageOf),
    schemas: {
      CloudEvent: envelope,
      Headers: headers,
      ...each(payloadOf),
      ...each(dataSchemaOf, (type) => `${type}Data`),
    },
  },
});
