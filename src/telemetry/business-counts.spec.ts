import { BusinessCounts } from './business-counts.js';

const event = (type: string, data: unknown = {}) => ({
  type,
  data,
  eventId: 'e',
  version: 1,
  occurredAt: new Date(0).toISOString(),
});
const checkedOut = (currency: string, totalPrice: number) => event('BasketCheckedOut', { currency, totalPrice });

describe('What shoppers did', () => {
  it('is counted by type of event', () => {
    const counts = new BusinessCounts();
    counts.count({ changes: [{ events: [event('BasketCreated'), event('BasketItemAdded')] }] });
    counts.count({ changes: [{ events: [event('BasketItemAdded')] }] });
    expect(counts.events).toMatchObject({ BasketCreated: 1, BasketItemAdded: 2, BasketCheckedOut: 0 });
  });

  it('has no types but those of the domain', () => {
    const counts = new BusinessCounts();
    const before = Object.keys(counts.events);
    counts.count({ changes: [{ events: [event('SomethingElse'), event('toString'), event('__proto__')] }] });
    expect(Object.keys(counts.events)).toEqual(before);
  });

  it('is valued by currency, and codes that nobody pays with are one', () => {
    const counts = new BusinessCounts();
    counts.count({ changes: [{ events: [checkedOut('EUR', 1250)] }] });
    counts.count({ changes: [{ events: [checkedOut('EUR', 50)] }] });
    counts.count({ changes: [{ events: [checkedOut('JPY', 7), checkedOut('QQQ', 1), checkedOut('QQX', 2)] }] });
    expect([...counts.sales]).toEqual([
      ['EUR', { baskets: 2, value: 1300 }],
      ['JPY', { baskets: 1, value: 7 }],
      ['other', { baskets: 2, value: 3 }],
    ]);
  });
});
