import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where Prometheus scrapes: its own port, so that it is not published with the API. */
export class MetricsServer {
  private readonly server: Server;

  /** @param read what a scrape is answered */
  constructor(read: () => Promise<string>) {
    this.server = createServer((request, response) => {
      if (request.method === 'GET' && request.url?.split('?', 1)[0] === '/metrics') void answer(response, read);
      else response.writeHead(404).end();
    });
  }

  /** @returns the URL. @throws Error when the port is taken */
  async listen(port: number, host: string): Promise<string> {
    this.server.listen(port, host);
    await once(this.server, 'listening');
    const { address, family, port: taken } = this.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}/metrics`;
  }

  /** Prometheus keeps its connection open: it is not waited for. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

async function answer(response: ServerResponse, read: () => Promise<string>): Promise<void> {
  const text = await read().catch((error: unknown) => `# failed to read the metrics: ${(error as Error).message}\n`);
  response.setHeader('content-type', 'text/plain').end(text);
}
