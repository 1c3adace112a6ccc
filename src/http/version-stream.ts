import { Readable } from 'node:stream';

/** Heartbeats that a client may leave untaken before it is taken to be gone. */
const MOST_BEATS = 3;
/** Node takes a longer one for none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds; spread, so that the clients of a process that stops do not all come to the next one at once. */
const reconnectAfter = (): number => 1000 + Math.floor(Math.random() * 2000);

/**
 * Versions as server-sent events (WHATWG HTML, section 9.2). Only the newest matters: while the client does not take
 * what there is, later versions replace each other, so a slow one costs no memory.
 */
export class VersionStream extends Readable {
  private text = `retry: ${reconnectAfter()}\n\n`;
  private newest = 0;
  private sent = 0;
  private beats = 0;
  private wanted = false;
  private started = false;
  private ending = false;

  constructor() {
    super({ highWaterMark: 1 });
  }

  /** From now on versions are sent, beginning with this one or a later one, unless it is the one that the client has. */
  start(version: number, clientHas?: number): void {
    this.newest = Math.max(this.newest, version);
    if (this.newest === clientHas) this.sent = this.newest;
    this.started = true;
    this.flush();
  }

  next(version: number): void {
    if (version <= this.newest) return;
    this.newest = version;
    this.flush();
  }

  /** A comment, which keeps proxies from closing the connection, and shows when nobody is there any more. */
  beat(): void {
    if (++this.beats > MOST_BEATS) this.destroy();
    else this.flush();
  }

  /** @param time when it ends by itself, in milliseconds since the epoch */
  endAt(time: number): void {
    const timer = setTimeout(() => this.end(), Math.min(time - Date.now(), LONGEST_TIMER_MS)).unref();
    this.once('close', () => clearTimeout(timer));
  }

  end(): void {
    this.ending = true;
    this.flush();
  }

  override _read(): void {
    this.wanted = true;
    this.flush();
  }

  private flush(): void {
    if (!this.wanted || !this.started || this.destroyed) return;
    if (this.beats > 0) this.text += ':\n\n';
    if (this.newest > this.sent) this.text += `id: ${this.newest}\ndata: {"version":${this.newest}}\n\n`;
    const { text } = this;
    this.text = '';
    this.beats = 0;
    this.sent = this.newest;
    if (text !== '') {
      this.wanted = false;
      this.push(text);
    }
    if (this.ending) this.push(null);
  }
}
