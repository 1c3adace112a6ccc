import { PassThrough } from 'node:stream';
import { clientErrorHandler } from './framework-errors.js';

const handle = clientErrorHandler('https://shop.example/problems/');
const failure = (code?: string, message = 'Parse Error: secret-of-the-request') =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

/** What a client reads after its request could not be parsed. */
async function answerTo(error: Error & { code?: string }) {
  const socket = new PassThrough();
  handle(error, socket);
  const bytes = Buffer.concat((await socket.toArray()) as Buffer[]);
  const end = bytes.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2) as [string, string]));
  const body = bytes.subarray(end + 4);
  return { statusLine, headers, body, problem: JSON.parse(body.toString()) as Record<string, unknown> };
}

describe('A request that Node cannot parse', () => {
  it.each([
    ['HPE_HEADER_OVERFLOW', 'HTTP/1.1 431 Request Header Fields Too Large', 'headers-too-large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', 'HTTP/1.1 408 Request Timeout', 'request-timeout'],
    ['HPE_INVALID_METHOD', 'HTTP/1.1 400 Bad Request', 'malformed-request'],
    [undefined, 'HTTP/1.1 400 Bad Request', 'malformed-request'],
  ])('for %s is answered %s', async (code, expected, problemCode) => {
    const { statusLine, problem } = await answerTo(failure(code));
    expect(statusLine).toBe(expected);
    expect(problem).toMatchObject({
      type: `https://shop.example/problems/${problemCode}`,
      code: problemCode,
      status: Number(expected.split(' ')[1]),
    });
  });

  it('gets a problem document of the length it says, and the connection is closed', async () => {
    const { headers, body } = await answerTo(failure('HPE_INVALID_METHOD'));
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': String(body.length),
      connection: 'close',
    });
  });

  it('gets the id of the request in the header and the body, a new one each time', async () => {
    const [one, other] = [await answerTo(failure()), await answerTo(failure())];
    expect(one.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(one.problem.requestId).toBe(one.headers['x-request-id']);
    expect(other.problem.requestId).not.toBe(one.problem.requestId);
  });

  it('is not told what the parser says, which may quote the request', async () => {
    const { body } = await answerTo(failure('HPE_INVALID_HEADER_TOKEN'));
    expect(body.toString()).not.toContain('secret');
  });
});

describe('A client that is gone', () => {
  const written = (socket: PassThrough): unknown => socket.read();

  it('gets no answer after a reset', () => {
    const socket = new PassThrough();
    handle(failure('ECONNRESET'), socket);
    expect(socket.destroyed).toBe(true);
    expect(written(socket)).toBeNull();
  });

  it('gets no answer when nothing can be written to it any more', () => {
    const socket = new PassThrough();
    socket.end();
    handle(failure('HPE_INVALID_METHOD'), socket);
    expect(socket.destroyed).toBe(true);
    expect(written(socket)).toBeNull();
  });
});
