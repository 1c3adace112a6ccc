interface Waiting<Value> {
  /** That of the first who waits; the others came later. */
  readonly deadline: number;
  readonly value: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads by key that come while the same tick runs, or while every place is taken, leave together in one read, and
 * those of one key share their answer. A read joins only what was not sent yet: what was sent may be older than a
 * write that the caller has seen acknowledged.
 */
export class CoalescedReads<Value> {
  private waiting = new Map<string, Waiting<Value>>();
  private underWay = 0;
  private scheduled = false;

  /**
   * @param readAll the values of the keys it has some for
   * @param places reads under way at once
   * @param most keys a read
   */
  constructor(
    private readonly readAll: (keys: string[], deadline: number) => Promise<ReadonlyMap<string, Value>>,
    private readonly missing: (key: string) => Value,
    private readonly places = 4,
    private readonly most = 64,
  ) {}

  /** @param deadline as in `Database.query` */
  read(key: string, deadline: number): Promise<Value> {
    const joined = this.waiting.get(key);
    if (joined) return joined.value;
    const { promise: value, resolve, reject } = Promise.withResolvers<Value>();
    this.waiting.set(key, { deadline, value, resolve, reject });
    this.schedule();
    return value;
  }

  private schedule(): void {
    if (this.scheduled || this.underWay >= this.places || this.waiting.size === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.send();
      this.schedule();
    });
  }

  private async send(): Promise<void> {
    const batch = new Map([...this.waiting].slice(0, this.most));
    for (const key of batch.keys()) this.waiting.delete(key);
    this.underWay++;
    try {
      const found = await this.readAll(
        [...batch.keys()],
        Math.min(...[...batch.values()].map(({ deadline }) => deadline)),
      );
      for (const [key, { resolve }] of batch) resolve(found.get(key) ?? this.missing(key));
    } catch (error) {
      for (const { reject } of batch.values()) reject(error);
    } finally {
      this.underWay--;
      this.schedule();
    }
  }
}
