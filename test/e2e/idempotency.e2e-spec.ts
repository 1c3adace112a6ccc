import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../src/app.js';
import { someUser, startApp } from '../support/app.js';
import { createTestDatabase, testConfig } from '../support/database.js';
import { NOTEBOOK, PENCIL } from '../support/given.js';
import { requestsTo } from '../support/requests.js';
import type { Answer, Send } from '../support/requests.js';
import { describeWith } from '../support/servers.js';

const EUR = { currency: 'EUR' };
const notebook = { ...NOTEBOOK, ...EUR };
const pencil = { ...PENCIL, ...EUR };
const line = `items/${NOTEBOOK.productId}`;

type Request = readonly [method: 'PUT' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object];

/** Each is sent to a user who has two notebooks at version 2. */
const writes: [string, Request][] = [
  ['putBasket', ['PUT', '', { ...EUR, items: [PENCIL] }]],
  ['deleteBasket', ['DELETE', '']],
  ['addItem of a new line', ['POST', '/items', pencil]],
  ['addItem to a line', ['POST', '/items', notebook]],
  ['clearBasket', ['DELETE', '/items']],
  ['updateItemQuantity', ['PATCH', `/${line}`, { quantity: 7 }]],
  ['deleteBasketItem', ['DELETE', `/${line}`]],
  [
    'executeBatch',
    [
      'POST',
      '/batch',
      {
        commands: [
          { type: 'add-item', ...pencil },
          { type: 'delete-item', productId: NOTEBOOK.productId },
        ],
      },
    ],
  ],
  ['mergeBaskets', ['POST', '/merge', { fromUserName: 'GUEST', strategy: 'sum' }]],
  ['checkoutBasket', ['POST', '/checkout', { version: 2 }]],
];

const guestOf = (user: string) => `guest-of-${user}`;

/** The request for this user: the guest of a merge is one of its own. */
function requestFor(user: string, [method, path, body]: Request): [Request[0], string, object | undefined] {
  const own = body && 'fromUserName' in body ? { ...body, fromUserName: guestOf(user) } : body;
  return [method, `${user}${path}`, own];
}

const keyed = (key = 'key-1') => ({ 'idempotency-key': key });

async function prepare(send: Send): Promise<string> {
  const user = someUser();
  expect((await send('POST', `${user}/items`, notebook)).etag).toBe('"2"');
  expect((await send('POST', `${guestOf(user)}/items`, pencil)).status).toBe(201);
  return user;
}

async function eventsOf(send: Send, user: string): Promise<readonly object[]> {
  const { json } = await send('GET', `${user}/history?limit=200`);
  return json.events as object[];
}

const told = ({ status, etag, text }: Answer) => ({ status, etag, text });

describe('Idempotency-Key', () => {
  let app: Awaited<ReturnType<typeof startApp>>;
  let send: Send;

  beforeAll(async () => {
    app = await startApp();
    send = requestsTo(app);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  describe.each(writes)('of %s', (_, request) => {
    it('lets the request take effect once, now and after later writes, and answers the same each time', async () => {
      const user = await prepare(send);
      const first = await send(...requestFor(user, request), keyed());
      expect(first.status).toBeLessThan(300);
      expect(first.replay).toBeUndefined();
      const stored = await eventsOf(send, user);
      expect(stored.length).toBeGreaterThan(2);

      const repeated = async (events: number) => {
        const answer = await send(...requestFor(user, request), keyed());
        expect(told(answer)).toStrictEqual(told(first));
        expect(answer.replay).toBe('true');
        expect(await eventsOf(send, user)).toHaveLength(events);
      };
      await repeated(stored.length);

      const later = await send('PUT', user, { ...EUR, items: [{ ...PENCIL, quantity: 99 }] });
      expect(later.status).toBeLessThan(300);
      const afterPut = await eventsOf(send, user);
      expect(afterPut.length).toBeGreaterThan(stored.length);
      await repeated(afterPut.length);
      expect((await send('GET', user)).text).toBe(later.text);

      expect((await send('DELETE', user)).status).toBe(204);
      await repeated(afterPut.length + 1);
      expect((await send('GET', user)).status).toBe(404);
    });

    it('belongs to one request: another one with it is refused', async () => {
      const user = await prepare(send);
      const [method, path, body] = requestFor(user, request);
      await send(method, path, body, keyed());
      const stored = (await eventsOf(send, user)).length;
      const others = [
        send('POST', `${user}/items`, { ...pencil, quantity: 77 }, keyed()),
        send(method, path, body, { ...keyed(), 'if-match': '"2"' }),
        ...(body && 'quantity' in body ? [send(method, path, { ...body, quantity: 5 }, keyed())] : []),
      ];
      for (const { status, json } of await Promise.all(others))
        expect({ status, code: json.code }).toStrictEqual({ status: 422, code: 'idempotency-key-reused' });
      expect(await eventsOf(send, user)).toHaveLength(stored);
    });

    it.each(['', 'with space', 'ümlaut', 'x'.repeat(256), 'tab\tin'])('is refused when it is %j', async (key) => {
      const user = await prepare(send);
      const [method, path, body] = requestFor(user, request);
      const { status, json } = await send(method, path, body, keyed(key));
      expect({ status, code: json.code, errors: json.errors }).toStrictEqual({
        status: 400,
        code: 'validation-failed',
        errors: [{ pointer: '#/headers/idempotency-key', detail: 'must be 1 to 255 visible ASCII characters' }],
      });
      expect(await eventsOf(send, user)).toHaveLength(2);
    });
  });

  it('lets a request with another key take effect again', async () => {
    const user = await prepare(send);
    const answers = [];
    for (const key of ['one', 'two', 'x'.repeat(255), '!"~'])
      answers.push(await send('POST', `${user}/items`, notebook, keyed(key)));
    expect(answers.map(({ etag, replay }) => ({ etag, replay }))).toStrictEqual(
      [3, 4, 5, 6].map((version) => ({ etag: `"${version}"`, replay: undefined })),
    );
  });

  it("is a user's own", async () => {
    const [one, other] = [await prepare(send), await prepare(send)];
    await send('POST', `${one}/items`, notebook, keyed());
    const answer = await send('POST', `${other}/items`, pencil, keyed());
    expect(answer).toMatchObject({ status: 201, etag: '"3"', replay: undefined });
  });

  it('knows a request whose members come in another order', async () => {
    const user = await prepare(send);
    const first = await send('POST', `${user}/items`, pencil, keyed());
    const reversed = Object.fromEntries(Object.entries(pencil).reverse());
    const again = await send('POST', `${user}/items`, reversed, keyed());
    expect({ ...again, replay: first.replay }).toStrictEqual(first);
    expect(again.replay).toBe('true');
  });

  it('replays a conditional write, whose condition holds no more', async () => {
    const user = await prepare(send);
    const headers = { ...keyed(), 'if-match': '"2"' };
    const first = await send('POST', `${user}/items`, notebook, headers);
    const again = await send('POST', `${user}/items`, notebook, headers);
    expect(first.status).toBe(200);
    expect({ ...again, replay: undefined }).toStrictEqual({ ...first, replay: undefined });
  });

  it('is free again after a refusal', async () => {
    const user = await prepare(send);
    const request = ['POST', `${user}/checkout`, { version: 3 }] as const;
    expect((await send(...request, keyed())).status).toBe(409);
    await send('POST', `${user}/items`, pencil);
    expect(await send(...request, keyed())).toMatchObject({ status: 202, replay: undefined });
  });
});

describeWith(['postgres', 'redis'], 'Idempotency-Key on two instances', () => {
  let apps: NestFastifyApplication[];
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const database = await createTestDatabase();
    apps = [];
    for (let instance = 0; instance < 2; instance++) {
      const app = await createApp(testConfig(database), database.open);
      await app.listen(0, '127.0.0.1');
      apps.push(app);
    }
    stop = async () => {
      for (const app of apps) await app.close();
      await database.drop();
    };
  });
  afterAll(() => stop());

  it.each(writes)('lets 20 repeats of %s at once take effect once', async (_, request) => {
    const sends = apps.map(requestsTo);
    for (let round = 0; round < 3; round++) {
      const user = await prepare(sends[0] as Send);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (__, at) => (sends[at % 2] as Send)(...requestFor(user, request), keyed())),
      );
      const [first] = answers;
      expect(first?.status).toBeLessThan(300);
      for (const answer of answers) expect(told(answer)).toStrictEqual(first && told(first));
      expect(answers.filter(({ replay }) => replay === undefined)).toHaveLength(1);
      const once = await prepare(sends[0] as Send);
      await (sends[0] as Send)(...requestFor(once, request));
      expect(await eventsOf(sends[0] as Send, user)).toHaveLength((await eventsOf(sends[0] as Send, once)).length);
    }
  });
});
