import type { EventStore } from '../../src/event-store/event-store.js';

/** Holds the first append of each process back until all of them are there: they have all decided on the same version. */
export class StartingLine {
  /** Whether each of the first appends was made. */
  readonly outcomes: boolean[] = [];
  private readonly all = Promise.withResolvers<undefined>();
  private here = 0;

  constructor(private readonly processes: number) {}

  hold<Store extends EventStore>(store: Store): Store {
    const append = store.append.bind(store);
    let isFirst = true;
    store.append = async (events, deadline) => {
      if (!isFirst) return await append(events, deadline);
      isFirst = false;
      this.here++;
      if (this.here === this.processes) this.all.resolve(undefined);
      await this.all.promise;
      const outcome = await append(events, deadline);
      this.outcomes.push(outcome);
      return outcome;
    };
    return store;
  }
}
