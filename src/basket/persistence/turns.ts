/** One that waits until it is done. */
export interface Turn<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

interface Served<State> {
  /** How many of those who waited have been settled. */
  readonly served: number;
  /** What the next in line may start from. */
  readonly last: State | undefined;
}

/**
 * Items of one key one after the other in this process, first come first served: writers of one basket would only make each other's
 * versions outdated. Who has come meanwhile may be served together. It saves attempts; what keeps processes apart is the version in
 * the store.
 */
export class Turns<Item, Result, State> {
  private readonly queues = new Map<string, Turn<Item, Result>[]>();

  /**
   * @param serve settles the first of those who wait, or some more in their order. It gets what was left before, if somebody was served
   *   right before. It does not fail: who waits does
   */
  constructor(
    private readonly serve: (waiting: readonly Turn<Item, Result>[], last?: State) => Promise<Served<State>>,
  ) {}

  take(key: string, item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const turn = { item, resolve, reject };
    const queue = this.queues.get(key);
    if (queue) queue.push(turn);
    else void this.run(key, [turn]);
    return promise;
  }

  private async run(key: string, queue: Turn<Item, Result>[]): Promise<void> {
    this.queues.set(key, queue);
    let left: State | undefined;
    while (queue.length > 0) {
      const { served, last } = await this.serve([...queue], left);
      queue.splice(0, served);
      left = last;
    }
    this.queues.delete(key);
  }
}
