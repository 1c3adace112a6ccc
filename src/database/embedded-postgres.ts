import { mkdir } from 'node:fs/promises';
import { Duplex } from 'node:stream';
import { PGlite } from '@electric-sql/pglite';
import { lockFolder } from './folder-lock.js';
import { Frames, ServerState } from './wire-frames.js';

/**
 * PostgreSQL 18 in this process (PGlite), spoken to by the ordinary `pg` driver over an in-memory stream.
 * There is one session, so connections take turns: one holds the session from its first message until the
 * server reports that no transaction is open. It does not fsync: a killed process loses nothing, a power cut may.
 */
export class EmbeddedPostgres {
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly server: PGlite,
    private readonly unlock: () => void,
  ) {}

  /**
   * @param folder where the data lasts; in memory without it
   * @throws Error when another process has the folder open
   */
  static async open(folder?: string): Promise<EmbeddedPostgres> {
    if (folder === undefined) return EmbeddedPostgres.over(await PGlite.create());
    await mkdir(folder, { recursive: true });
    const unlock = lockFolder(folder);
    try {
      return new EmbeddedPostgres(await PGlite.create({ dataDir: `${folder}/postgres` }), unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** One that is open already. */
  static over(server: PGlite): EmbeddedPostgres {
    return new EmbeddedPostgres(server, () => undefined);
  }

  /** What `pg` takes as its `stream` option. */
  readonly connect = (): Duplex => new Connection(this);

  async close(): Promise<void> {
    if (!this.server.closed) await this.server.close();
    this.unlock();
  }

  /** Waits for the session; the answer gives it back. */
  acquire(): Promise<() => void> {
    return new Promise((granted) => {
      this.queue = this.queue.then(() => new Promise<void>((release) => granted(release)));
    });
  }

  /** Runs whole protocol messages and hands out the answer as it comes. */
  execute(messages: Uint8Array, onData: (bytes: Uint8Array) => void): Promise<unknown> {
    return this.server.runExclusive(() => this.server.execProtocolRawStream(messages, { onRawData: onData }));
  }

  rollback(): Promise<unknown> {
    return this.server.exec('ROLLBACK');
  }
}

class Connection extends Duplex {
  private readonly frames = new Frames();
  private readonly server = new ServerState();
  private release: (() => void) | undefined;
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly database: EmbeddedPostgres) {
    super({ allowHalfOpen: false });
  }

  // The parts of net.Socket that pg calls.
  connect(): this {
    queueMicrotask(() => this.emit('connect'));
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {
    // Answers are pushed as they come.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { batches, terminated } = this.frames.take(chunk);
    for (const batch of batches) this.enqueue(() => this.run(batch));
    if (terminated) this.end();
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.enqueue(() => this.leave());
    void this.work.then(() => {
      this.push(null);
      done();
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.enqueue(() => this.leave());
    done(error);
  }

  private enqueue(step: () => Promise<void>): void {
    this.work = this.work.then(step).catch((error: unknown) => void this.destroy(error as Error));
  }

  private async run(messages: Buffer): Promise<void> {
    if (this.destroyed) return;
    this.release ??= await this.database.acquire();
    await this.database.execute(messages, (bytes) => {
      // PGlite reuses its buffer for the next answer.
      const answer = Buffer.from(bytes);
      this.server.take(answer);
      if (!this.destroyed) this.push(answer);
    });
    if (this.server.idle) this.giveBack();
  }

  private giveBack(): void {
    this.release?.();
    this.release = undefined;
  }

  /** The next connection must not find itself in this one's transaction. */
  private async leave(): Promise<void> {
    if (this.release && !this.server.idle) await this.database.rollback();
    this.server.idle = true;
    this.giveBack();
  }
}
