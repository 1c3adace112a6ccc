import type { BasketEvent, ItemData } from './domain/basket.events.js';
import { MAX_PRODUCT_NAME, MAX_UNIT_PRICE } from './basket.limits.js';

/** A JSON Schema, as far as events need it. */
export interface Schema {
  readonly type: 'string' | 'integer' | 'array' | 'object';
  readonly description?: string;
  readonly format?: 'uuid' | 'date-time' | 'int64';
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

export type EventType = BasketEvent['type'];
type DataOf<Type extends EventType> = Extract<BasketEvent, { readonly type: Type }>['data'];

interface Described<Data> {
  /** What has happened, in a sentence. */
  readonly summary: string;
  /** A schema for each member, none more and none less than the type has. */
  readonly properties: { readonly [Name in keyof Data]: Schema };
  readonly example: Data;
}

const uuid = (description: string): Schema => ({ type: 'string', format: 'uuid', description });
const productId = uuid('The product; it identifies the line.');
const quantity = (description: string): Schema => ({ type: 'integer', minimum: 1, description });
const currency: Schema = {
  type: 'string',
  pattern: '^[A-Z]{3}$',
  description: 'ISO 4217; of all prices of the basket.',
};
const userName = (description: string): Schema => ({ type: 'string', minLength: 1, maxLength: 128, description });

const item: Described<ItemData>['properties'] = {
  productId,
  productName: { type: 'string', minLength: 1, maxLength: MAX_PRODUCT_NAME, description: 'As the shop showed it.' },
  unitPrice: {
    type: 'integer',
    format: 'int64',
    minimum: 0,
    maximum: MAX_UNIT_PRICE,
    description: 'Minor units of the currency.',
  },
  quantity: quantity('Pieces.'),
};

const items = (description: string): Schema => ({ type: 'array', items: closed(item), description });

const NOTEBOOK: ItemData = {
  productId: '5334c996-8457-4cf0-815c-ed2b77c4ff61',
  productName: 'Field notebook',
  unitPrice: 1250,
  quantity: 2,
};

/** What the world is told of each event: the source of `asyncapi.yaml` and of the reference in `docs/events.md`. */
export const eventCatalogue: { readonly [Type in EventType]: Described<DataOf<Type>> } = {
  BasketCreated: {
    summary: 'A user who had no basket has one. It is empty; what is put into it follows.',
    properties: { basketId: uuid('The new basket.'), currency },
    example: { basketId: '019ab3c2-7d1e-7c4a-9f2e-0d5b8f1c2a33', currency: 'EUR' },
  },
  BasketReplaced: {
    summary: 'The lines were all replaced.',
    properties: { items: items('The lines that there are now, in their order.'), currency },
    example: { items: [NOTEBOOK], currency: 'EUR' },
  },
  BasketItemAdded: {
    summary: 'A product was added. If it was there already its quantity grew, and name and price are the newer ones.',
    properties: { ...item, quantity: quantity('Pieces that were added.') },
    example: NOTEBOOK,
  },
  BasketItemQuantityUpdated: {
    summary: 'The quantity of a line was changed.',
    properties: { productId, quantity: quantity('Pieces now.'), previousQuantity: quantity('Pieces before.') },
    example: { productId: NOTEBOOK.productId, quantity: 5, previousQuantity: 2 },
  },
  BasketItemRemoved: {
    summary: 'A line was removed.',
    properties: { productId },
    example: { productId: NOTEBOOK.productId },
  },
  BasketCleared: {
    summary: 'All lines were removed; the basket stays, empty.',
    properties: {},
    example: {},
  },
  BasketDeleted: {
    summary: 'The user has no basket any more.',
    properties: {},
    example: {},
  },
  BasketsMerged: {
    summary: "Another basket, a guest's at login, was merged into this one.",
    properties: {
      fromUserName: userName('Whose basket it was; events of its own empty it.'),
      fromBasketId: uuid('That basket.'),
      fromVersion: { type: 'integer', minimum: 1, description: 'The version of `fromUserName` at which it was taken.' },
      strategy: {
        type: 'string',
        enum: ['sum', 'max', 'keep-user', 'keep-guest'],
        description: 'Whose quantity a product got that was in both.',
      },
      items: items('The lines as they are after the merge, for the products that it changed.'),
    },
    example: {
      fromUserName: 'guest-7c4a',
      fromBasketId: '019ab3c2-91b0-7e15-b1f6-3c9a50d27e48',
      fromVersion: 4,
      strategy: 'sum',
      items: [{ ...NOTEBOOK, quantity: 3 }],
    },
  },
  BasketAbandoned: {
    summary:
      'Nobody has changed the basket for a day (as it is configured). It stays, and the next change brings it back.',
    properties: { lastActivityAt: { type: 'string', format: 'date-time', description: 'When it was last changed.' } },
    example: { lastActivityAt: '2026-11-22T09:17:40.900Z' },
  },
  BasketReactivated: {
    summary: 'An abandoned basket is about to be changed: it is in use again. What was changed follows.',
    properties: {},
    example: {},
  },
  BasketCheckedOut: {
    summary: 'The basket was handed over for ordering, exactly as the shopper saw it. The user has no basket any more.',
    properties: {
      items: items('The lines, in their order.'),
      totalPrice: {
        type: 'integer',
        format: 'int64',
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Of all lines, in minor units.',
      },
      currency,
    },
    example: { items: [NOTEBOOK], totalPrice: 2500, currency: 'EUR' },
  },
};

export const eventTypes = Object.keys(eventCatalogue) as EventType[];

/** The schema of an event's data. A stored event never changes shape, so it has these members and no others. */
export const dataSchemaOf = (type: EventType): Schema => closed(eventCatalogue[type].properties);

function closed(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}
