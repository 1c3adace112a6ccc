import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { HttpClient } from './http-client.js';
import { addition, basketOf } from './shopping.js';

export interface Arrival {
  readonly status: number;
  readonly retryAfter: boolean;
  /** On the clock of `performance.now()`. */
  readonly start: number;
  readonly end: number;
}

const TICK_MS = 10;
const CONNECTIONS = 4000;
const BASKETS = 1000;

/** Callers who do not wait for each other: each adds a product to one of a thousand baskets. */
export class Crowd implements Disposable {
  private readonly http = new HttpClient(20_000, CONNECTIONS);
  private readonly run = randomUUID();
  private next = 0;

  constructor(private readonly url: string) {}

  /** As many callers as that, each of which comes again when it was served. @returns what was answered */
  async closed(callers: number, forMs: number): Promise<Arrival[]> {
    const answers: Arrival[] = [];
    const until = performance.now() + forMs;
    const call = async () => {
      while (performance.now() < until) answers.push(await this.add());
    };
    await Promise.all(Array.from({ length: callers }, call));
    return answers;
  }

  /** So many a second, whatever becomes of those before them. @returns what was answered, when all are */
  async open(perSecond: number, forMs: number): Promise<Arrival[]> {
    const all: Promise<Arrival>[] = [];
    const start = performance.now();
    for (let now = start; now < start + forMs; now = performance.now()) {
      const due = Math.floor(((now - start) * perSecond) / 1000);
      while (all.length < due) all.push(this.add());
      await setTimeout(TICK_MS);
    }
    return await Promise.all(all);
  }

  [Symbol.dispose](): void {
    this.http[Symbol.dispose]();
  }

  private async add(): Promise<Arrival> {
    const path = `${basketOf(`${this.run}-${this.next++ % BASKETS}`)}/items`;
    const start = performance.now();
    try {
      const { status, headers } = await this.http.send(this.url, {
        method: 'POST',
        path,
        body: addition({ quantity: 1 }),
      });
      return { status, retryAfter: headers['retry-after'] !== undefined, start, end: performance.now() };
    } catch {
      return { status: 0, retryAfter: false, start, end: performance.now() };
    }
  }
}

export const isServed = ({ status }: Arrival): boolean => status >= 200 && status < 300;

/** Answers of success a second that came between two times. */
export function goodput(arrivals: readonly Arrival[], from: number, to: number): number {
  const served = arrivals.filter((one) => isServed(one) && one.end >= from && one.end < to);
  return Math.round((served.length * 1000) / (to - from));
}
