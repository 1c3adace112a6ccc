import type { StoredEvent } from '../event-store/stored-event.js';
import { bucketOf } from './buckets.js';
import { toMessage } from './cloud-event.js';

const stored: StoredEvent = {
  stream: 'zoë.o>*',
  eventId: '01980000-0000-7000-8000-000000000001',
  version: 7,
  basketId: '01980000-0000-7000-8000-000000000002',
  type: 'BasketItemAdded',
  data: { productId: 'p-1', quantity: 2, unitPrice: 1999 },
  metadata: { actor: 'secret-actor', requestId: 'secret-request', appended: 1 },
  commandId: 'secret-key',
  causationId: 'secret-cause',
  occurredAt: '2026-01-02T03:04:05.678Z',
};

describe('The message of an event', () => {
  it('is a CloudEvent 1.0 with the event as its data', () => {
    expect(toMessage(stored).event).toEqual({
      specversion: '1.0',
      id: stored.eventId,
      source: '/baskets',
      type: 'basket.v1.BasketItemAdded',
      subject: 'zoë.o>*',
      time: '2026-01-02T03:04:05.678Z',
      datacontenttype: 'application/json',
      version: 7,
      basketid: stored.basketId,
      data: { productId: 'p-1', quantity: 2, unitPrice: 1999 },
    });
  });

  it('has attribute names that CloudEvents allows: lower-case letters and digits', () => {
    for (const name of Object.keys(toMessage(stored).event)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  });

  it('has the id of the event, so that a repeat is known', () => {
    expect(toMessage(stored).id).toBe(stored.eventId);
    expect(toMessage({ ...stored }).id).toBe(toMessage(stored).id);
  });

  it('has a subject of the bucket and the type; the name of the user, which may have wildcards, is not in it', () => {
    expect(toMessage(stored).subject).toBe(`basket.v1.${bucketOf(stored.stream)}.BasketItemAdded`);
    expect(toMessage(stored).subject.split('.')).toHaveLength(4);
  });

  it('keeps to itself who did it, by which request and key', () => {
    expect(JSON.stringify(toMessage(stored))).not.toContain('secret');
  });
});
