import { connect } from 'node:net';
import type { ProblemCode } from '../../src/http/problems.js';
import { refusal } from '../support/api.js';
import type { Problem } from '../support/api.js';
import { someUser } from '../support/app.js';
import { checkAnswer } from '../support/contract.js';
import { servedForAll } from '../support/served.js';
import { talk } from '../support/wire.js';

const head = (...lines: string[]) => [...lines, '', ''].join('\r\n');
const CLOSE = 'Connection: close';
const HOST = 'Host: localhost';
const PATH = `/baskets/${someUser()}`;

/** What the parser cannot make a request of. */
const garbage: Readonly<Record<string, string | Uint8Array>> = {
  'a TLS hello': Buffer.from('16030100c5010000c1030300', 'hex'),
  'an SSH banner': 'SSH-2.0-OpenSSH_9.2\r\n',
  'an HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'an unknown version': head('GET / HTTP/9.9', HOST),
  'an unknown method': head('STEAL /baskets/a HTTP/1.1', HOST),
  'a method in lower case': head('get / HTTP/1.1', HOST),
  'no path': head('GET HTTP/1.1', HOST),
  'a path without a slash': head('GET baskets HTTP/1.1', HOST),
  'a path with a blank': head('GET /baskets/a b HTTP/1.1', HOST),
  'a path with a NUL': head('GET /baskets/a\0b HTTP/1.1', HOST),
  'a path of raw UTF-8': head('GET /baskets/é HTTP/1.1', HOST, CLOSE),
  'a header without a colon': head('GET / HTTP/1.1', HOST, 'oops'),
  'a header with a NUL': head('GET / HTTP/1.1', HOST, 'X-A: a\0b'),
  'a header name with a blank': head('GET / HTTP/1.1', HOST, 'X A: a'),
  'a header folded by a bare line feed': 'GET / HTTP/1.1\nHost: a\n X: b\r\n\r\n\r\n',
  'no Host': head(`GET ${PATH} HTTP/1.1`, CLOSE),
  'a length and chunks': head(`POST ${PATH}/items HTTP/1.1`, HOST, 'Content-Length: 4', 'Transfer-Encoding: chunked'),
  'two lengths': head(`POST ${PATH}/items HTTP/1.1`, HOST, 'Content-Length: 4', 'Content-Length: 5') + 'abcde',
  'a negative length': head(`POST ${PATH}/items HTTP/1.1`, HOST, 'Content-Length: -1'),
  'a length that is no number': head(`POST ${PATH}/items HTTP/1.1`, HOST, 'Content-Length: 4,4') + 'abcd',
  'a length beyond all integers': head(`POST ${PATH}/items HTTP/1.1`, HOST, 'Content-Length: 99999999999999999999'),
  'chunks twice': head(`POST ${PATH}/items HTTP/1.1`, HOST, 'Transfer-Encoding: chunked, chunked', CLOSE) + '0\r\n\r\n',
  'a chunk whose size is no number':
    head(`POST ${PATH}/items HTTP/1.1`, HOST, 'Content-Type: application/json', 'Transfer-Encoding: chunked') +
    'zz\r\n\r\n',
  'a tunnel': head('CONNECT evil.example:443 HTTP/1.1', 'Host: evil.example'),
};

describe('on a raw socket', () => {
  const service = servedForAll();
  afterEach(async () => {
    expect((await service.api.get('/health/ready')).status).toBe(200);
  });

  /** One answer comes, a problem document with this code, and the connection is closed. */
  const expectRefused = async (bytes: string | Uint8Array, code: ProblemCode) => {
    const [answer, ...more] = await talk(service.url, bytes);
    if (!answer) throw new Error('Nothing was answered.');
    const { instance = '/' } = refusal(answer, code);
    checkAnswer('GET', instance, answer);
    expect(answer.headers.connection).toBe('close');
    expect(more).toEqual([]);
  };

  it.each(Object.entries(garbage))('%s is refused', (_, bytes) => expectRefused(bytes, 'malformed-request'));

  it.each([
    ['a long path', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n`],
    ['a long header', head('GET / HTTP/1.1', HOST, `X-A: ${'a'.repeat(20_000)}`)],
    ['headers without end', `GET / HTTP/1.1\r\n${'X-A: a\r\n'.repeat(4000)}`],
  ])('%s is refused as too large', (_, bytes) => expectRefused(bytes, 'headers-too-large'));

  it('requests that come in one packet are answered in their order', async () => {
    const one = (id: string, ...lines: string[]) =>
      head('GET /health/live HTTP/1.1', HOST, `X-Request-Id: ${id}`, ...lines);
    const answers = await talk(service.url, one('first') + one('second') + one('third', CLOSE));
    expect(answers.map(({ status, headers }) => [status, headers['x-request-id']])).toEqual([
      [200, 'first'],
      [200, 'second'],
      [200, 'third'],
    ]);
  });

  it('what follows a request does not become part of it', async () => {
    const body = '{"quantity":1}';
    const post = head(
      ...[`PATCH ${PATH}/items/x HTTP/1.1`, HOST, 'Content-Type: application/json', `Content-Length: ${body.length}`],
    );
    const next = head(`DELETE ${PATH} HTTP/1.1`, HOST, CLOSE);
    const answers = await talk(service.url, post + body + next);
    const codes = answers.map(({ text }) => (JSON.parse(text) as Problem).code);
    expect(codes).toEqual(['validation-failed', 'basket-not-found']);
  });

  it.each(['Upgrade: websocket', 'Upgrade: h2c', 'Expect: 100-continue'])(
    '%s does not keep it from an answer',
    async (line) => {
      const answers = await talk(service.url, head('GET /health/live HTTP/1.1', HOST, line, CLOSE));
      expect(answers.at(-1)?.status).toBe(200);
    },
  );

  it('a head that never ends is refused in time', () =>
    expectRefused('GET / HTTP/1.1\r\nHost: loc', 'request-timeout'));

  it('connections that end at once do no harm', async () => {
    for (const bytes of [
      '',
      'G',
      'GET /health/live HTTP/1.1\r\n',
      head(`POST ${PATH}/items HTTP/1.1`, HOST, 'Content-Length: 9') + '{',
    ])
      await hangUp(service.url, bytes);
  });
});

async function hangUp(url: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(url);
  await new Promise<void>((done) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes, () => socket.resetAndDestroy()));
    socket.on('close', () => done());
  });
}
