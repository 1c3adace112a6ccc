import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** Sends a byte at a time: it takes a place for as long as it is let. */
export class SlowClient implements Disposable {
  /** When the service had closed the connection. */
  closedMs: number | undefined;
  /** By the service, until then. */
  said = '';
  private readonly socket: Socket;
  private readonly timer: NodeJS.Timeout;

  /** @param beginning what it sends at once, `rest` what it repeats a byte of each second */
  constructor(url: string, beginning: string, rest: string) {
    const { hostname, port } = new URL(url);
    const start = performance.now();
    this.socket = connect(Number(port), hostname, () => this.socket.write(beginning));
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.said += text));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.closedMs = performance.now() - start));
    this.timer = setInterval(() => this.socket.writable && this.socket.write(rest), 1000);
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
    this.socket.destroy();
  }
}
