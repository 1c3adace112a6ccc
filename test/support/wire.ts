import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { checkAnswer } from './contract.js';
import type { Answer } from './contract.js';

interface Request {
  readonly method: string;
  /** The request target as it is to stand in the request line: nobody normalises it on its way. */
  readonly target: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | undefined;
}

/** Longer than any request may take. */
const HANG_MS = 15_000;

/** Sends a request that no decent client would send; the answer must still be one that the contract declares. */
export async function exchange(url: string, { method, target, headers = {}, body }: Request): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const framed = body === undefined || 'transfer-encoding' in headers;
  const request = http.request({
    ...{ hostname, port, method, path: target, agent: false, timeout: HANG_MS },
    headers: { ...headers, ...(framed ? {} : { 'content-length': Buffer.byteLength(body) }) },
  });
  request.on('timeout', () => request.destroy(new Error(`${method} ${target.slice(0, 200)} hangs`)));
  // A server that refuses a body may close before it has taken all of it; what it answered before counts.
  request.on('error', () => undefined);
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (response.headers['content-type'] !== 'text/event-stream') continue;
    // It has no end: its beginning stands for it.
    break;
  }
  const answer = { status: response.statusCode ?? 0, headers: response.headers, text };
  checkAnswer(method, target, answer);
  return answer;
}

/** Writes bytes to a socket and waits for the service to close it: what it has said by then. */
export async function talk(url: string, bytes: string | Uint8Array): Promise<Answer[]> {
  const { hostname, port } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port), timeout: HANG_MS });
  socket.on('timeout', () => socket.destroy(new Error('The service leaves the connection open and says nothing.')));
  socket.write(bytes);
  let said = '';
  for await (const chunk of socket.setEncoding('latin1')) said += chunk as string;
  return answersIn(said);
}

/** One final HTTP/1.1 answer after another; each tells the length of its body. */
function answersIn(said: string): Answer[] {
  const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(said);
  if (!head) {
    if (said !== '') throw new Error(`This is no HTTP: ${said.slice(0, 200)}`);
    return [];
  }
  const lines = (head[2] ?? '').split('\r\n').filter((line) => line !== '');
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  );
  const end = head[0].length + Number(headers['content-length'] ?? 0);
  const text = Buffer.from(said.slice(head[0].length, end), 'latin1').toString();
  const status = Number(head[1]);
  return [...(status < 200 ? [] : [{ status, headers, text }]), ...answersIn(said.slice(end))];
}
