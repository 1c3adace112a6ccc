import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** A connection to the service that the test speaks HTTP/1.1 on by hand. */
export class KeptConnection implements AsyncDisposable {
  private said = '';
  private readonly socket: Socket;

  private constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.said += text));
    this.socket.on('error', () => undefined);
  }

  /** @throws Error when the service does not listen any more */
  static async open(url: string): Promise<KeptConnection> {
    const connection = new KeptConnection(url);
    await once(connection.socket, 'connect');
    return connection;
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** Everything the service says until it closes the connection. */
  async rest(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.said;
  }

  /** The status of one more answer. */
  async status(): Promise<number> {
    for (;;) {
      const [head = '', length] =
        /^HTTP\/1\.1 \d{3}[^]*?\r\ncontent-length: (\d+)\r\n[^]*?\r\n\r\n/i.exec(this.said) ?? [];
      if (length !== undefined && this.said.length >= head.length + Number(length)) {
        this.said = this.said.slice(head.length + Number(length));
        return Number(head.slice(9, 12));
      }
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close').then(gone)]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }
}

const gone = () => {
  throw new Error('The service has closed the connection.');
};
