import { asyncApi, differences } from '../test/support/event-schemas.js';
import { asyncApiDocument } from './asyncapi.js';
import { eventCatalogue, eventTypes } from './basket/event-catalogue.js';

type Json = Record<string, unknown>;

const withoutMember = (value: Json, name: string): Json =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));

describe('The contract of the events', () => {
  it('is what is committed as asyncapi.yaml', () => {
    expect(asyncApi).toEqual(JSON.parse(JSON.stringify(asyncApiDocument())));
  });

  it('has a message for each event', () => {
    expect(Object.keys(asyncApi.components.messages)).toEqual(eventTypes);
    expect(Object.values(asyncApi.channels).map(({ parameters }) => parameters.eventType.enum)).toEqual([eventTypes]);
  });

  describe.each(eventTypes)('of %s', (type) => {
    const [{ payload } = { payload: {} }] = asyncApi.components.messages[type]?.examples ?? [];
    const data = eventCatalogue[type].example as unknown as Json;

    it('takes its example', () => {
      expect(differences(type, payload)).toEqual([]);
      expect(differences(`${type}Data`, data)).toEqual([]);
    });

    it('wants each attribute, and none with another meaning', () => {
      for (const name of Object.keys(payload))
        expect(differences(type, withoutMember(payload as Json, name))).not.toEqual([]);
      expect(differences(type, { ...payload, type: 'basket.v1.Other' })).not.toEqual([]);
      expect(differences(type, { ...payload, version: 0 })).not.toEqual([]);
      expect(differences(type, { ...payload, time: 'today' })).not.toEqual([]);
    });

    it('leaves room for attributes to come, such as a trace context', () => {
      expect(differences(type, { ...payload, traceparent: '00-0-0-00' })).toEqual([]);
    });

    it('wants each member of the data, of its type, and no other', () => {
      for (const [name, value] of Object.entries(data)) {
        expect(differences(`${type}Data`, withoutMember(data, name))).not.toEqual([]);
        const other = typeof value === 'string' ? 1 : 'text';
        expect(differences(`${type}Data`, { ...data, [name]: other })).not.toEqual([]);
      }
      expect(differences(`${type}Data`, { ...data, other: 1 })).not.toEqual([]);
      expect(differences(type, { ...payload, data: { ...data, other: 1 } })).not.toEqual([]);
    });
  });
});
