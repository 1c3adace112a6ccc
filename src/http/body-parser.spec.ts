import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { parseJsonBodies } from './body-parser.js';
import { ProblemError } from './problems.js';

/** Echoes what the parser made of a body, or how it refused it. */
function echo(): FastifyInstance {
  const server = fastify();
  parseJsonBodies(server);
  server.setErrorHandler((error: Error & { code?: string; statusCode?: number }, _request, reply) =>
    reply
      .code(error.statusCode ?? 400)
      .send({ code: error.code, ...(error instanceof ProblemError ? { detail: error.message } : {}) }),
  );
  server.post('/', (request) => ({ type: typeof request.body, body: request.body }));
  return server;
}

async function post(payload: string | Buffer, type: string | undefined = 'application/json') {
  const answer = await echo().inject({
    method: 'POST',
    url: '/',
    payload,
    headers: type ? { 'content-type': type } : {},
  });
  return {
    status: answer.statusCode,
    ...answer.json<{ code?: string; detail?: string; type?: string; body?: unknown }>(),
  };
}

const refused = (detail = 'The body is not valid JSON.') => ({ status: 400, code: 'malformed-json', detail });

describe('A JSON body', () => {
  it.each(['{"a":[1,"é😀",null]}', ' {} ', '[]', 'null', '"text"', '0'])('%s is taken', async (text) =>
    expect(await post(text)).toMatchObject({ status: 200, body: JSON.parse(text) as unknown }),
  );

  it('may have a byte order mark', async () =>
    expect(await post('\ufeff{"a":1}')).toMatchObject({ status: 200, body: { a: 1 } }));

  it('may be missing, whatever the content type says', async () =>
    expect(await post('')).toMatchObject({ status: 200, type: 'undefined' }));

  it('keeps the last of two members of one name', async () =>
    expect(await post('{"a":1,"a":2}')).toMatchObject({ status: 200, body: { a: 2 } }));

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset=UTF-8'])(
    'may come as %s',
    async (type) => expect(await post('{}', type)).toMatchObject({ status: 200 }),
  );

  it.each(['{', '{"a":}', "{'a':1}", '{"a":1,}', '[1,]', 'undefined', 'NaN', '01', '{} {}', ' ', '\ufeff', '"\n"'])(
    '%j is refused',
    async (text) => expect(await post(text)).toMatchObject({ status: 400, code: 'malformed-json' }),
  );

  it.each([
    ['a stray byte', Buffer.from([0x22, 0xff, 0x22])],
    ['a character that is cut off', Buffer.from([0x22, 0xe2, 0x82, 0x22])],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['half a surrogate pair', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
  ])('with %s is refused as no UTF-8', async (_, bytes) =>
    expect(await post(bytes)).toStrictEqual(refused('The body is not valid UTF-8.')),
  );

  it.each([
    '{"__proto__":{"a":1}}',
    '{"a":{"__proto__":1}}',
    '[{"__proto__":null}]',
    '{"\\u005f_proto__":1}',
    '{"constructor":{"prototype":{"a":1}}}',
    '{"a":[{"constructor":{"prototype":1}}]}',
  ])('%s is refused: it would poison a prototype', async (text) => {
    expect(await post(text)).toMatchObject({ status: 400, code: 'malformed-json' });
    expect({}).not.toHaveProperty('a');
  });
});

describe('The refusal of a body that is no JSON', () => {
  it.each([
    ['{"a":1 "b":2}', 'at position 7'],
    ['{"a":1', 'at position 6'],
    ['{a:1}', 'at position 1'],
  ])('of %s tells where the mistake is', async (text, position) =>
    expect(await post(text)).toStrictEqual(refused(`The body is not valid JSON ${position}.`)),
  );

  it.each([
    'card-4111111111111111',
    '{"card":card-4111111111111111}',
    '{"a":1 card-4111111111111111',
    'x at position 4111',
    'x in JSON at position 4111',
  ])('of %s does not quote it', async (text) => expect((await post(text)).detail).not.toMatch(/card|4111/));
});

describe('A body that is no JSON by its content type', () => {
  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'application/jsonx',
    'json',
  ])('%s is not read', async (type) =>
    expect(await post('{"a":1}', type)).toMatchObject({ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }),
  );
});
