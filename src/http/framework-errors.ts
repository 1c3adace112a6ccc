import { randomUUIDv7 } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { problemDocument } from './problems.js';
import type { ProblemCode } from './problems.js';

/** What Node's parser refuses never becomes a request: the answer is written to the socket by hand. */
type ClientErrorHandler = (error: Error & { code?: string }, socket: Duplex) => void;

export function clientErrorHandler(typeBase: string): ClientErrorHandler {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const code = codeOf(error.code);
    const requestId = randomUUIDv7();
    const { status, headers, body } = problemDocument(typeBase, {
      code,
      detail: 'The connection is closed.',
      requestId,
    });
    const lines = Object.entries({
      ...headers,
      'content-length': Buffer.byteLength(body),
      'x-request-id': requestId,
      connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
  };
}

function codeOf(code: string | undefined): ProblemCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-timeout';
  return 'malformed-request';
}

/** Requests for a tunnel, and expectations other than 100-continue: Node would drop the ones and answer the others by itself. */
export function handleOddities(server: Server, refuse: ClientErrorHandler): void {
  server.on('connect', (_request, socket) => refuse(new Error('CONNECT'), socket));
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}
