import type { Span } from '@opentelemetry/api';
import { inSpanOfAll, recordedSpan } from '../telemetry/spans.js';
import { DatabaseUnavailableError } from './database.js';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly deadline: number;
  /** Of the request that waits, if it is recorded. */
  readonly span: Span | undefined;
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
   * @param sendAll answers each item, in their order, by the deadline of the first that ends
   * @param places batches under way at once
   * @param most items a batch
   */
  constructor(
    private readonly sendAll: (items: readonly Item[], deadline: number) => Promise<readonly Result[]>,
    private readonly places: number,
    private readonly most: number,
  ) {}

  /** @param deadline as in `Database.query` */
  add(item: Item, deadline: number): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.waiting.push({ item, deadline, span: recordedSpan(), resolve, reject });
    this.schedule();
    return promise;
  }

  private schedule(): void {
    if (this.scheduled || this.underWay >= this.places || this.waiting.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.take();
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
    try {
      const results = await inSpanOfAll(
        batch.map(({ span }) => span),
        () =>
          this.sendAll(
            batch.map(({ item }) => item),
            Math.min(...batch.map(({ deadline }) => deadline)),
          ),
      );
      for (const [at, { resolve }] of batch.entries()) resolve(results[at] as Result);
    } catch (error) {
      // What the database refuses took no effect: the others must not pay for the one that it cannot take.
      if (batch.length > 1 && !(error instanceof DatabaseUnavailableError))
        for (const one of batch) await this.send([one]);
      else for (const { reject } of batch) reject(error);
    }
  }
}
