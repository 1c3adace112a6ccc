import { requestContext, withinRequest } from '../request-context.js';
import { inSpanOfAll, recordedSpan } from '../telemetry/spans.js';
import type { RecordedSpan } from '../telemetry/spans.js';
import { DatabaseUnavailableError, OverloadedError } from './database.js';

/** Items that wait for a place: some tenths of a second of work. */
const MOST_WAITING = 4096;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly deadline: number;
  /** Of the requests that wait, as far as they are recorded. */
  readonly spans: readonly RecordedSpan[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends what comes while the same tick runs, or while every place is taken, in one statement. There is no timer: when
 * the service is idle nothing waits longer than to the end of the tick.
 */
export class Batches<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private underWay = 0;
  private scheduled = false;

  /**
   * @param sendAll answers each item, in their order, by a deadline: that of the item that may wait longest. Requests
   *   share a batch, and the one that is in a hurry must not cut off the others
   * @param places batches under way at once
   * @param most items a batch
   */
  constructor(
    private readonly sendAll: (items: readonly Item[], deadline: number) => Promise<readonly Result[]>,
    private readonly places: number,
    private readonly most: number,
    private readonly mostWaiting = MOST_WAITING,
  ) {}

  /**
   * @param deadline as in `Database.query`
   * @param spans of the requests that wait for it
   * @throws DatabaseUnavailableError at the deadline
   * @throws OverloadedError, at once and not as a promise that would be shared, when too many wait already
   */
  add(item: Item, deadline: number, spans: readonly RecordedSpan[] = [recordedSpan()]): Promise<Result> {
    if (this.waiting.length >= this.mostWaiting) throw new OverloadedError(`${this.mostWaiting} others are waiting.`);
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.waiting.push({ item, deadline: withinRequest(deadline), spans, resolve, reject });
    this.schedule();
    return promise;
  }

  private schedule(): void {
    if (this.scheduled || this.underWay >= this.places || this.waiting.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      // A batch belongs to none of its requests: neither their ids nor their deadlines are its own.
      requestContext.exit(() => void this.take());
      this.schedule();
    });
  }

  private async take(): Promise<void> {
    const batch = this.waiting.splice(0, this.most);
    this.underWay++;
    await this.send(batch);
    this.underWay--;
    this.schedule();
  }

  private async send(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const expiry = new Expiry(batch);
    try {
      const results = await inSpanOfAll(
        batch.flatMap(({ spans }) => spans),
        () =>
          this.sendAll(
            batch.map(({ item }) => item),
            Math.max(...batch.map(({ deadline }) => deadline)),
          ),
      );
      for (const [at, { resolve }] of batch.entries()) resolve(results[at] as Result);
    } catch (error) {
      // What the database refuses took no effect: the others must not pay for the one that it cannot take.
      if (batch.length > 1 && !(error instanceof DatabaseUnavailableError))
        for (const one of batch) await this.send([one]);
      else for (const { reject } of batch) reject(error);
    } finally {
      expiry.stop();
    }
  }
}

/** Lets go of each request of a batch at its own deadline; the answers of the others are still to come. */
class Expiry {
  private readonly byDeadline: Waiting<unknown, never>[];
  private timer: NodeJS.Timeout | undefined;

  constructor(batch: readonly Waiting<unknown, never>[]) {
    this.byDeadline = batch.toSorted((one, other) => one.deadline - other.deadline);
    this.next();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private next(): void {
    const [first] = this.byDeadline;
    if (!first) return;
    const rest = Math.max(1, Math.ceil(first.deadline - performance.now()));
    this.timer = setTimeout(() => {
      this.byDeadline.shift();
      first.reject(new DatabaseUnavailableError('The deadline has passed.'));
      this.next();
    }, rest);
  }
}
