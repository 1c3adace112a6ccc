import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: object | string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Keeps its connections, as services do, and sends nothing a second time by itself, as `fetch` may. */
export class HttpClient implements Disposable {
  private readonly agent: Agent;

  /** @param patienceMs how long it waits for a sign of life */
  constructor(
    private readonly patienceMs = 30_000,
    connections = 256,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  }

  /** @throws Error when there is no whole answer */
  async send(url: string, { method, path, body, headers = {} }: Call): Promise<Reply> {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const about =
      text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const sent = request(url + path, {
      ...{ method, agent: this.agent, timeout: this.patienceMs },
      headers: { ...about, ...headers },
    });
    sent.on('timeout', () => sent.destroy(new Error('There was no answer.')));
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    sent.end(text);
    const [response] = await answered;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
  }

  [Symbol.dispose](): void {
    this.agent.destroy();
  }
}
