import { setTimeout } from 'node:timers/promises';
import { differencesOf, isNone } from './differences.js';
import type { StoredBaskets, StoredUser } from './stored-baskets.js';
import { BrokenStreamError } from './stream-fold.js';

/** How far it is, and what it has found so far. */
export interface Progress {
  /** The last user that is done with. */
  readonly after: string;
  readonly users: number;
  readonly projections: number;
  readonly snapshots: number;
  /** Users whose events cannot be folded; their rows are left as they are. */
  readonly broken: number;
  /** Users whose rows were still wrong when they had been written several times. */
  readonly unsettled: number;
  /** Users whose cached basket could not be removed. */
  readonly stillCached: number;
  /** Users whose rows were mended lately and are to be looked at once more. */
  readonly mended: readonly string[];
}

export const NO_PROGRESS: Progress = {
  ...{ after: '', users: 0, projections: 0, snapshots: 0, broken: 0, unsettled: 0, stillCached: 0 },
  mended: [],
};

export interface RebuildOptions {
  readonly check: boolean;
  /** The longest that a request which has read a basket may take to write it. */
  readonly settleMs: number;
  /** Removes what the cache has of a user. @returns false when that cannot be done */
  readonly uncache: (userName: string) => Promise<boolean>;
  /** Called with each user that cannot be folded. */
  readonly complain: (userName: string, reason: string) => void;
}

/** A user who is written to all the time may come in between; each time has a snapshot of its own. */
const MOST_ATTEMPTS = 100;
const MOST_LOOKS = 5;
/** Users that wait to be looked at again: a bound on memory. */
const MOST_MENDED = 10_000;

type Counter = Exclude<keyof Progress, 'after' | 'mended'>;

interface Mended {
  readonly userName: string;
  /** When, as `performance.now()` tells it. */
  readonly at: number;
  /** How often it was found wrong again. */
  readonly looks: number;
}

/** Folds the events anew and makes the rows what they say, while the service goes on writing. */
export class Rebuild {
  private counted: Omit<Progress, 'mended'>;
  private readonly mended: Mended[];

  constructor(
    private readonly baskets: StoredBaskets,
    private readonly options: RebuildOptions,
    { mended, ...start }: Progress = NO_PROGRESS,
  ) {
    this.counted = start;
    this.mended = mended.map((userName) => ({ userName, at: performance.now(), looks: 0 }));
  }

  get progress(): Progress {
    return { ...this.counted, mended: this.mended.map(({ userName }) => userName) };
  }

  /** All users behind the last one that is done with. After each yield what was done so far is done for good. */
  async *run(): AsyncGenerator<Progress> {
    for (;;) {
      const users = await this.baskets.readBehind(this.counted.after);
      for (const user of users) await this.examine(user);
      const last = users.at(-1);
      await this.lookAgain(last ? MOST_MENDED : 0);
      if (!last) return;
      this.count({ users: users.length });
      this.counted = { ...this.counted, after: last.userName };
      yield this.progress;
    }
  }

  async runFor(userName: string): Promise<void> {
    const user = await this.baskets.read(userName);
    if (user) await this.examine(user);
    this.count({ users: 1 });
    await this.lookAgain(0);
  }

  /** Counts each row once, however often it has to be written. */
  private async examine(user: StoredUser): Promise<void> {
    const { fold } = user;
    if (fold instanceof BrokenStreamError) {
      this.options.complain(user.userName, fold.message);
      this.count({ broken: 1 });
      return;
    }
    const differences = differencesOf(fold, user.projection, user.snapshots);
    if (isNone(differences)) return;
    const { projection, wrongSnapshots, straySnapshots } = differences;
    this.count({ projections: projection ? 1 : 0, snapshots: wrongSnapshots.length + straySnapshots.length });
    if (this.options.check) return;
    await this.mend(user);
    this.mended.push({ userName: user.userName, at: performance.now(), looks: 0 });
  }

  /** @returns whether there was something to mend */
  private async mend(first: StoredUser): Promise<boolean> {
    const { userName } = first;
    let user: StoredUser | undefined = first;
    let mended = false;
    for (let attempt = 1; user && attempt <= MOST_ATTEMPTS; attempt++) {
      const { fold } = user;
      if (fold instanceof BrokenStreamError) break;
      const differences = differencesOf(fold, user.projection, user.snapshots);
      if (isNone(differences)) break;
      mended = true;
      if (await this.baskets.mend(user, fold, differences)) break;
      user = await this.baskets.read(userName);
    }
    if (mended && !(await this.options.uncache(userName))) this.count({ stillCached: 1 });
    return mended;
  }

  /**
   * A request that had read a wrong basket before it was mended may have written on from it since: its append is
   * guarded by the version, which mending does not change. So what was mended is looked at until it stays right.
   *
   * @param most how many may be left that it is too early for
   */
  private async lookAgain(most: number): Promise<void> {
    for (let next = this.mended[0]; next; next = this.mended[0]) {
      const early = next.at + this.options.settleMs - performance.now();
      if (early > 0 && this.mended.length <= most) return;
      if (early > 0) await setTimeout(early);
      this.mended.shift();
      const user = await this.baskets.read(next.userName);
      if (!user || !(await this.mend(user))) continue;
      if (next.looks === MOST_LOOKS) this.count({ unsettled: 1 });
      else this.mended.push({ userName: next.userName, at: performance.now(), looks: next.looks + 1 });
    }
  }

  private count(more: Partial<Record<Counter, number>>): void {
    for (const [name, by] of Object.entries(more) as [Counter, number][])
      this.counted = { ...this.counted, [name]: this.counted[name] + by };
  }
}
