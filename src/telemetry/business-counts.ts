import type { Append } from '../event-store/append.js';

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/** What shoppers did through this process, by the events that it stored. */
export class BusinessCounts {
  /** Events by type. The types are those of the domain: as many as there are in its code. */
  readonly events = new Map<string, number>();
  /** Value in minor units by currency. Callers may make up codes: all that nobody pays with count as `other`. */
  readonly checkedOut = new Map<string, number>();

  count({ events }: Pick<Append, 'events'>): void {
    for (const { type, data } of events) {
      add(this.events, type, 1);
      if (type === 'BasketCheckedOut') this.addValue(data as { currency: string; totalPrice: number });
    }
  }

  private addValue({ currency, totalPrice }: { currency: string; totalPrice: number }): void {
    add(this.checkedOut, CURRENCIES.has(currency) ? currency : 'other', totalPrice);
  }
}

const add = (sums: Map<string, number>, key: string, value: number) => sums.set(key, (sums.get(key) ?? 0) + value);
