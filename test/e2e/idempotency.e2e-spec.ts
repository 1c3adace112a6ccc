import { refusal } from '../support/api.js';
import type { Headers } from '../support/api.js';
import { someUser } from '../support/app.js';
import type { Answer } from '../support/contract.js';
import { NOTEBOOK, PENCIL } from '../support/given.js';
import { servedForAll } from '../support/served.js';
import { basketOf } from '../support/shopping.js';

const EUR = { currency: 'EUR' };
const notebook = { ...NOTEBOOK, ...EUR };
const pencil = { ...PENCIL, ...EUR };
const line = `items/${NOTEBOOK.productId}`;

type Request = readonly [method: 'put' | 'post' | 'patch' | 'delete', path: string, body?: object];

/** Each is sent to a user who has two notebooks at version 2. */
const writes: [string, Request][] = [
  ['putBasket', ['put', '', { ...EUR, items: [PENCIL] }]],
  ['deleteBasket', ['delete', '']],
  ['addItem of a new line', ['post', '/items', pencil]],
  ['addItem to a line', ['post', '/items', notebook]],
  ['clearBasket', ['delete', '/items']],
  ['updateItemQuantity', ['patch', `/${line}`, { quantity: 7 }]],
  ['deleteBasketItem', ['delete', `/${line}`]],
  [
    'executeBatch',
    [
      'post',
      '/batch',
      {
        commands: [
          { type: 'add-item', ...pencil },
          { type: 'delete-item', productId: NOTEBOOK.productId },
        ],
      },
    ],
  ],
  ['mergeBaskets', ['post', '/merge', { fromUserName: 'the guest of the user', strategy: 'sum' }]],
  ['checkoutBasket', ['post', '/checkout', { version: 2 }]],
];

const guestOf = (user: string) => `guest-of-${user}`;
const keyed = (key = 'key-1') => ({ 'idempotency-key': key });
const told = ({ status, headers, text }: Answer) => ({
  ...{ status, text, etag: headers.etag, location: headers.location },
});
const isReplay = ({ headers }: Answer) => headers['idempotent-replay'] === 'true';

describe('Idempotency-Key', () => {
  const { api } = servedForAll();

  /** The guest of a merge is the user's own. */
  const send = (user: string, [method, path, body]: Request, headers: Headers = {}) => {
    const own = body && 'fromUserName' in body ? { ...body, fromUserName: guestOf(user) } : body;
    return api.send(method, basketOf(user) + path, own, headers);
  };

  async function prepare(): Promise<string> {
    const user = someUser();
    expect((await send(user, ['post', '/items', notebook])).headers.etag).toBe('"2"');
    expect((await send(guestOf(user), ['post', '/items', pencil])).status).toBe(201);
    return user;
  }

  async function eventsOf(user: string): Promise<readonly { type: string }[]> {
    const { text } = await api.get(`${basketOf(user)}/history?limit=200`);
    return (JSON.parse(text) as { events: { type: string }[] }).events;
  }

  describe.each(writes)('of %s', (_, request) => {
    it('lets the request take effect once, now and after later writes, and answers the same each time', async () => {
      const user = await prepare();
      const first = await send(user, request, keyed());
      expect(first.status).toBeLessThan(300);
      expect(isReplay(first)).toBe(false);
      const stored = await eventsOf(user);
      expect(stored.length).toBeGreaterThan(2);

      const repeated = async (events: number) => {
        const answer = await send(user, request, keyed());
        expect(told(answer)).toStrictEqual(told(first));
        expect(isReplay(answer)).toBe(true);
        expect(await eventsOf(user)).toHaveLength(events);
      };
      await repeated(stored.length);

      const later = await send(user, ['put', '', { ...EUR, items: [{ ...PENCIL, quantity: 99 }] }]);
      expect(later.status).toBeLessThan(300);
      const afterPut = await eventsOf(user);
      expect(afterPut.length).toBeGreaterThan(stored.length);
      await repeated(afterPut.length);
      expect((await api.get(basketOf(user))).text).toBe(later.text);

      expect((await send(user, ['post', '/checkout', { version: afterPut.length }])).status).toBe(202);
      await repeated(afterPut.length + 1);
      expect((await send(user, ['post', '/items', notebook])).status).toBe(201);
      expect((await send(user, ['delete', ''])).status).toBe(204);
      await repeated(afterPut.length + 4);
      refusal(await api.get(basketOf(user)), 'basket-not-found');
    });

    it('lets 20 repeats at the same time take effect once', async () => {
      const user = await prepare();
      const once = await prepare();
      await send(once, request);
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(user, request, keyed())));
      for (const answer of answers) expect(told(answer)).toStrictEqual(answers[0] && told(answers[0]));
      expect(answers.filter((answer) => !isReplay(answer))).toHaveLength(1);
      const typesOf = async (whose: string) => (await eventsOf(whose)).map(({ type }) => type);
      expect(await typesOf(user)).toStrictEqual(await typesOf(once));
    });

    it('belongs to one request: another one with it is refused', async () => {
      const user = await prepare();
      const [method, path, body] = request;
      await send(user, request, keyed());
      const stored = (await eventsOf(user)).length;
      const others = [
        send(user, ['post', '/items', { ...pencil, quantity: 77 }], keyed()),
        send(user, request, { ...keyed(), 'if-match': '"2"' }),
        ...(body && 'quantity' in body ? [send(user, [method, path, { ...body, quantity: 5 }], keyed())] : []),
      ];
      for (const answer of await Promise.all(others)) refusal(answer, 'idempotency-key-reused');
      expect(await eventsOf(user)).toHaveLength(stored);
    });

    it.each(['', 'with space', '\u00fcmlaut', 'x'.repeat(256), 'tab\tin'])('is refused when it is %j', async (key) => {
      const user = await prepare();
      const { errors } = refusal(await send(user, request, keyed(key)), 'validation-failed');
      expect(errors).toStrictEqual([
        { pointer: '#/headers/idempotency-key', detail: 'must be 1 to 255 visible ASCII characters' },
      ]);
      expect(await eventsOf(user)).toHaveLength(2);
    });
  });

  it('lets a request with another key take effect again', async () => {
    const user = await prepare();
    const versions = [];
    for (const key of ['one', 'two', 'x'.repeat(255), '!"~']) {
      const answer = await send(user, ['post', '/items', notebook], keyed(key));
      versions.push([answer.headers.etag, isReplay(answer)]);
    }
    expect(versions).toStrictEqual([3, 4, 5, 6].map((version) => [`"${version}"`, false]));
  });

  it("is a user's own", async () => {
    const [one, other] = [await prepare(), await prepare()];
    await send(one, ['post', '/items', notebook], keyed());
    const answer = await send(other, ['post', '/items', pencil], keyed());
    expect([answer.status, answer.headers.etag, isReplay(answer)]).toStrictEqual([201, '"3"', false]);
  });

  it("is a user's own in a merge too: that of the guest is not asked for", async () => {
    const user = await prepare();
    await send(guestOf(user), ['post', '/items', notebook], keyed());
    const answer = await send(user, ['post', '/merge', { fromUserName: guestOf(user) }], keyed());
    expect([answer.status, isReplay(answer)]).toStrictEqual([200, false]);
  });

  it('knows a request whose members come in another order', async () => {
    const user = await prepare();
    const first = await send(user, ['post', '/items', pencil], keyed());
    const reversed = Object.fromEntries(Object.entries(pencil).reverse());
    const again = await send(user, ['post', '/items', reversed], keyed());
    expect(told(again)).toStrictEqual(told(first));
    expect(isReplay(again)).toBe(true);
  });

  it('replays a conditional write, whose condition holds no more', async () => {
    const user = await prepare();
    const headers = { ...keyed(), 'if-match': '"2"' };
    const first = await send(user, ['post', '/items', notebook], headers);
    const again = await send(user, ['post', '/items', notebook], headers);
    expect(first.status).toBe(200);
    expect(told(again)).toStrictEqual(told(first));
  });

  it('is not used up by a refusal', async () => {
    const user = await prepare();
    const request: Request = ['post', '/checkout', { version: 3 }];
    refusal(await send(user, request, keyed()), 'conflict');
    await send(user, ['post', '/items', pencil]);
    const answer = await send(user, request, keyed());
    expect([answer.status, isReplay(answer)]).toStrictEqual([202, false]);
  });

  it('is not used up by a request that changes nothing: no event, no key', async () => {
    const user = await prepare();
    const same: Request = ['patch', `/${line}`, { quantity: 2 }];
    for (let time = 0; time < 2; time++) {
      const answer = await send(user, same, keyed());
      expect([answer.status, answer.headers.etag, isReplay(answer)]).toStrictEqual([200, '"2"', false]);
    }
    await send(user, ['patch', `/${line}`, { quantity: 7 }]);
    const late = await send(user, same, keyed());
    expect([late.headers.etag, isReplay(late)]).toStrictEqual(['"4"', false]);
    expect(isReplay(await send(user, same, keyed()))).toBe(true);
    refusal(await send(user, ['post', '/items', pencil], keyed()), 'idempotency-key-reused');
  });

  it('does not hide what is wrong with the request', async () => {
    const user = await prepare();
    await send(user, ['post', '/items', notebook], keyed());
    refusal(await send(user, ['post', '/items', { ...notebook, quantity: 0 }], keyed()), 'validation-failed');
  });

  it('is bound to bodies as deep as they come', async () => {
    const body = '{"a":'.repeat(30_000) + '1' + '}'.repeat(30_000);
    const answer = await api.post(`${basketOf(someUser())}/items`, body, keyed());
    refusal(answer, 'validation-failed');
  });

  it('means nothing to a read', async () => {
    const user = await prepare();
    for (let time = 0; time < 2; time++) expect(isReplay(await api.get(basketOf(user), keyed()))).toBe(false);
    expect(isReplay(await send(user, ['post', '/items', notebook], keyed()))).toBe(false);
  });
});
