interface Outcome<State, Result> {
  /** What the next in line may start from. */
  readonly last: State | undefined;
  readonly result: Result;
}

/**
 * One piece of work a key at a time in this process, first come first served: writers of one basket would only make
 * each other's versions outdated. It saves attempts; what keeps processes apart is the version in the store.
 */
export class Turns<State> {
  private readonly tails = new Map<string, Promise<State | undefined>>();

  /** @param work gets what the piece before it left, if one was under way and went well */
  async take<Result>(key: string, work: (last?: State) => Promise<Outcome<State, Result>>): Promise<Result> {
    const outcome = (this.tails.get(key) ?? Promise.resolve(undefined)).then(work);
    const tail = outcome.then(
      ({ last }) => last,
      () => undefined,
    );
    this.tails.set(key, tail);
    try {
      return (await outcome).result;
    } finally {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    }
  }
}
