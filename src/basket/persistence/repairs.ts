import { Logger } from '@nestjs/common';

const INTERVAL_MS = 250;
const MOST = 100_000;
/** In one run; then the cache is taken to be away. */
const MOST_FAILURES = 10;

/** Writes that the cache was not told of, until it was: bounds how long it may serve what they replaced. */
export class Repairs {
  private readonly logger = new Logger(Repairs.name);
  private readonly versions = new Map<string, number>();
  private running = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly repair: (userName: string, version: number) => Promise<void>) {}

  has(userName: string): boolean {
    // Nearly always there are none, and to look for one costs a read the hash of its name, half a microsecond.
    return this.versions.size > 0 && this.versions.has(userName);
  }

  add(userName: string, version: number): void {
    this.versions.set(userName, Math.max(version, this.versions.get(userName) ?? 0));
    if (this.versions.size > MOST) {
      const [oldest] = this.versions.keys();
      if (oldest !== undefined) this.versions.delete(oldest);
      this.logger.error(
        'Too many writes wait to be repaired in the cache; an old basket may be served until it expires.',
      );
    }
    this.timer ??= setInterval(() => void this.run(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    let failures = 0;
    for (const [userName, version] of [...this.versions]) {
      try {
        await this.repair(userName, version);
        if (this.versions.get(userName) === version) this.versions.delete(userName);
      } catch (error) {
        this.logger.debug(`The cache cannot be repaired yet: ${(error as Error).message}`);
        if (++failures === MOST_FAILURES) break;
        // To the end of the line: the others get their turn at the next run.
        const newest = this.versions.get(userName) ?? version;
        this.versions.delete(userName);
        this.versions.set(userName, newest);
      }
    }
    if (this.versions.size === 0) this.stop();
    this.running = false;
  }
}
