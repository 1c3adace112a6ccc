import type { BasketEvent } from '../basket/domain/basket.events.js';
import type { Change } from '../event-store/append.js';

type EventType = BasketEvent['type'] | 'BasketAbandoned' | 'BasketReactivated';

interface Sales {
  baskets: number;
  /** In the minor unit of the currency. */
  value: number;
}

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/** What shoppers did through this process, by the events that it stored. */
export class BusinessCounts {
  readonly events: Record<EventType, number> = {
    BasketCreated: 0,
    BasketReplaced: 0,
    BasketItemAdded: 0,
    BasketItemQuantityUpdated: 0,
    BasketItemRemoved: 0,
    BasketCleared: 0,
    BasketDeleted: 0,
    BasketsMerged: 0,
    BasketAbandoned: 0,
    BasketReactivated: 0,
    BasketCheckedOut: 0,
  };
  /** By currency. Callers may make up codes: those that nobody pays with are one, `other`. */
  readonly sales = new Map<string, Sales>();

  count({ changes }: { readonly changes: readonly Pick<Change, 'events'>[] }): void {
    for (const { type, data } of changes.flatMap(({ events }) => events)) {
      if (isKnown(type, this.events)) this.events[type]++;
      if (type === 'BasketCheckedOut') this.addSale(data as { currency: string; totalPrice: number });
    }
  }

  private addSale({ currency, totalPrice }: { currency: string; totalPrice: number }): void {
    const key = CURRENCIES.has(currency) ? currency : 'other';
    const { baskets, value } = this.sales.get(key) ?? { baskets: 0, value: 0 };
    this.sales.set(key, { baskets: baskets + 1, value: value + totalPrice });
  }
}

const isKnown = (type: string, events: Record<EventType, number>): type is EventType => Object.hasOwn(events, type);
