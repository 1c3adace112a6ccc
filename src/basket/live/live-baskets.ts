import { Logger } from '@nestjs/common';

/** Wants the newest version of one basket. It may be told of one more than once, and of older ones too late. */
export interface Listener {
  next(version: number): void;
  /** Time for a sign of life. */
  beat(): void;
  end(): void;
}

/** What other processes announce of the baskets that are followed here. Announcements may get lost. */
export interface Announcements {
  /** @param gap called when some may just have been lost */
  listen(next: (userName: string, version: number) => void, gap: () => void): void;
  follow(userName: string): void;
  unfollow(userName: string): void;
  /** Whether they arrive, as far as is known. */
  readonly isUp: boolean;
  close(): void;
}

export interface LiveOptions {
  /** Listeners at once. */
  readonly most: number;
  readonly heartbeatMs: number;
  /** Between two looks at the stored versions while nothing else tells of what other processes write. */
  readonly checkMs: number;
  /** The same while announcements arrive: how late a lost one is made up for. */
  readonly quietCheckMs: number;
}

/**
 * Who in this process listens to which basket. Writes of this process are told at once, those of others when they are
 * announced; whatever is missed comes with the next look at the stored versions, so that announcements only make
 * it faster.
 */
export class LiveBaskets {
  private readonly logger = new Logger(LiveBaskets.name);
  private readonly listeners = new Map<string, Set<Listener>>();
  private count = 0;
  private closed = false;
  private heart: NodeJS.Timeout | undefined;
  private timer: NodeJS.Timeout | undefined;
  private checking = false;
  private checkAgain = false;

  /** @param readVersions the stored versions of the users that have one */
  constructor(
    private readonly readVersions: (userNames: readonly string[]) => Promise<ReadonlyMap<string, number>>,
    private readonly announcements: Announcements | null,
    private readonly options: LiveOptions,
  ) {
    announcements?.listen(
      (userName, version) => this.tell(userName, version),
      () => void this.check(),
    );
  }

  /** Listeners that there are. */
  get size(): number {
    return this.count;
  }

  /** @returns what gives the place back, to be called once; undefined when all places are taken */
  join(userName: string, listener: Listener): (() => void) | undefined {
    if (this.count >= this.options.most) return undefined;
    this.count++;
    const others = this.listeners.get(userName);
    if (others) others.add(listener);
    else {
      this.listeners.set(userName, new Set([listener]));
      this.announcements?.follow(userName);
    }
    // It came while the process stops: its client may go where it is served.
    if (this.closed) listener.end();
    else this.start();
    return () => this.leave(userName, listener);
  }

  tell(userName: string, version: number): void {
    for (const listener of this.listeners.get(userName) ?? []) listener.next(version);
  }

  /** Ends all that listen, now and from now on. */
  close(): void {
    this.closed = true;
    this.stop();
    for (const listener of this.everyone()) listener.end();
    this.announcements?.close();
  }

  private leave(userName: string, listener: Listener): void {
    const listeners = this.listeners.get(userName);
    listeners?.delete(listener);
    if (listeners?.size === 0) {
      this.listeners.delete(userName);
      this.announcements?.unfollow(userName);
    }
    if (--this.count === 0) this.stop();
  }

  private start(): void {
    this.heart ??= setInterval(() => {
      for (const listener of this.everyone()) listener.beat();
    }, this.options.heartbeatMs).unref();
    this.schedule();
  }

  private stop(): void {
    clearInterval(this.heart);
    clearTimeout(this.timer);
    this.heart = this.timer = undefined;
  }

  private schedule(): void {
    if (this.checking || this.closed || this.count === 0) return;
    const { checkMs, quietCheckMs } = this.options;
    this.timer ??= setTimeout(() => void this.check(), this.announcements?.isUp ? quietCheckMs : checkMs).unref();
  }

  /** Looks at the stored versions of all that are listened to. */
  private async check(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.checkAgain = this.checking;
    if (this.checking) return;
    this.checking = true;
    do {
      this.checkAgain = false;
      try {
        const versions = await this.readVersions([...this.listeners.keys()]);
        for (const [userName, version] of versions) this.tell(userName, version);
      } catch (error) {
        this.logger.debug(`The versions of live baskets cannot be read: ${(error as Error).message}`);
      }
    } while (this.mustCheckAgain());
    this.checking = false;
    this.schedule();
  }

  private mustCheckAgain(): boolean {
    return this.checkAgain && !this.closed;
  }

  /** A copy: who ends leaves. */
  private everyone(): Listener[] {
    return [...this.listeners.values()].flatMap((listeners) => [...listeners]);
  }
}
