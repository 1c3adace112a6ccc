import { Logger } from '@nestjs/common';

const INTERVAL_MS = 250;
const MOST = 100_000;
/** What a cache that says nothing has to hold for us. */
const MOST_UNDER_WAY = 1000;

/**
 * Writes that the cache was not told of, until it was: bounds how long it may serve what they replaced. Each is sent at once, and nobody
 * waits for it: a cache that stands still finds it when it goes on. What fails is sent again.
 */
export class Repairs {
  private readonly logger = new Logger(Repairs.name);
  private readonly versions = new Map<string, number>();
  /** The newest that was sent of each and is not answered yet. */
  private readonly sent = new Map<string, number>();
  private underWay = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param repair is not answered while the cache says nothing, and fails when it cannot be told */
  constructor(private readonly repair: (userName: string, version: number) => Promise<unknown>) {}

  has(userName: string): boolean {
    // Nearly always there are none, and to look for one costs a read the hash of its name, half a microsecond.
    return this.versions.size > 0 && this.versions.has(userName);
  }

  add(userName: string, version: number): void {
    const newest = Math.max(version, this.versions.get(userName) ?? 0);
    this.versions.set(userName, newest);
    if (this.versions.size > MOST) {
      const [oldest] = this.versions.keys();
      if (oldest !== undefined) this.versions.delete(oldest);
      this.logger.error(
        'Too many writes wait to be repaired in the cache; an old basket may be served until it expires.',
      );
    }
    this.timer ??= setInterval(() => this.sendAll(), INTERVAL_MS).unref();
    this.send(userName, newest);
  }

  sendAll(): void {
    for (const [userName, version] of [...this.versions]) {
      if (this.underWay >= MOST_UNDER_WAY) return;
      this.send(userName, version);
    }
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private send(userName: string, version: number): void {
    if (this.underWay >= MOST_UNDER_WAY || (this.sent.get(userName) ?? -1) >= version) return;
    this.underWay++;
    this.sent.set(userName, version);
    void this.repair(userName, version)
      .then(
        () => this.isDone(userName, version),
        (error: unknown) => this.hasFailed(userName, error as Error),
      )
      .finally(() => {
        this.underWay--;
        if (this.sent.get(userName) === version) this.sent.delete(userName);
      });
  }

  private isDone(userName: string, version: number): void {
    if (this.versions.get(userName) === version) this.versions.delete(userName);
    if (this.versions.size === 0) this.stop();
  }

  private hasFailed(userName: string, error: Error): void {
    this.logger.debug(`The cache cannot be repaired yet: ${error.message}`);
    const version = this.versions.get(userName);
    if (version === undefined) return;
    // To the end of the line: the others get their turn at the next run.
    this.versions.delete(userName);
    this.versions.set(userName, version);
  }
}
