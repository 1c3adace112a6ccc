import { jest } from '@jest/globals';
import { ask, isOpen, isOwners, wrongVerdicts } from '../support/access.js';
import { refusal } from '../support/api.js';
import type { Headers } from '../support/api.js';
import { someUser } from '../support/app.js';
import { operations } from '../support/contract.js';
import type { Operation } from '../support/contract.js';
import { guard, without } from '../support/guards.js';
import { Issuer, bearing } from '../support/issuer.js';
import { serve } from '../support/served.js';
import type { Served } from '../support/served.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import { addition } from '../support/shopping.js';
import { figure } from '../support/sizes.js';
import { createStorage } from '../support/storage.js';
import { exchange } from '../support/wire.js';

jest.setTimeout(60_000);

describe('Each route, with tokens,', () => {
  let issuer: Issuer;
  let service: Served;
  const [alice, bob, nobody, guest] = ['alice', 'bob', 'nobody', 'guest'].map(someUser) as [
    string,
    string,
    string,
    string,
  ];
  const as: Record<string, Headers> = {};

  beforeAll(async () => {
    issuer = await Issuer.start();
    service = await serve(issuer.env);
    for (const sub of [alice, bob, guest]) as[sub] = bearing(await issuer.token({ sub }));
    as.admin = bearing(await issuer.token({ sub: 'operator', scope: 'openid baskets:admin' }));
    // Of no user, as client credentials are.
    as.service = bearing(await issuer.token({ client_id: 'shop', scp: ['baskets:admin'] }));
    as.stranger = bearing(await issuer.token({ client_id: 'other', scope: 'baskets baskets:admin2' }));
    for (const user of [alice, bob, guest]) await service.api.post(`/baskets/${user}/items`, addition(), as[user]);
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });

  const send = (operation: Operation, userName: string, headers?: Headers) =>
    ask(service.url, operation, userName, headers);
  const closed = operations.filter((operation) => !isOpen(operation));
  const owners = closed.filter(isOwners);
  const named = (all: readonly Operation[]) => all.map((operation) => [operation.operationId, operation] as const);

  it.each(named(operations.filter(isOpen)))('%s is for everybody', async (_, operation) => {
    expect((await send(operation, alice)).status).toBe(200);
  });

  it.each(named(closed))('%s is for nobody without a token', async (_, operation) => {
    const answer = await send(operation, alice);
    refusal(answer, 'unauthenticated');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="basket"');
  });

  it.each(named(owners))('%s is not for others, and tells them nothing', async (_, operation) => {
    const there = await send(operation, bob, as[alice]);
    const notThere = await send(operation, nobody, as[alice]);
    expect(there.headers['www-authenticate']).toBe('Bearer realm="basket", error="insufficient_scope"');
    const told = [there, notThere].map((answer) => {
      const { detail, title } = refusal(answer, 'forbidden');
      const { 'x-request-id': _id, date: _date, 'content-length': _length, ...headers } = answer.headers;
      return { detail, title, headers };
    });
    expect(told[0]).toEqual(told[1]);
  });

  it.each(named(owners))(
    '%s is not for a caller without a basket, nor for a scope like that of an admin',
    async (_, operation) => {
      refusal(await send(operation, bob, as.stranger), 'forbidden');
    },
  );

  // Last, as it deletes what the others are refused.
  it.each(named(owners))('%s is for its owner, an admin and a service', async (_, operation) => {
    const guestOfTheSample = { 'guest-authorization': `Bearer ${await issuer.token({ sub: 'guest-7f3a' })}` };
    for (const headers of [{ ...as[alice], ...guestOfTheSample }, as.admin, as.service])
      expect([401, 403]).not.toContain((await send(operation, alice, headers)).status);
  });

  it.each(named(closed.filter((operation) => !isOwners(operation))))(
    '%s is for an admin and a service, and for no user, whoever is named',
    async (_, operation) => {
      for (const headers of [as[alice], as.stranger]) refusal(await send(operation, alice, headers), 'forbidden');
      for (const headers of [as.admin, as.service])
        expect([401, 403]).not.toContain((await send(operation, alice, headers)).status);
    },
  );

  it.each(['/nothing', '/baskets', '/baskets/', '/baskets/x/nothing'])(
    'there is nothing at %s, whoever asks',
    async (target) => {
      for (const headers of [{}, as[alice], as.admin])
        refusal(await exchange(service.url, { method: 'GET', target, headers: headers ?? {} }), 'route-not-found');
    },
  );
});

describe('With tokens', () => {
  let issuer: Issuer;
  let service: Served;
  beforeAll(async () => {
    issuer = await Issuer.start();
    service = await serve(issuer.env);
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });
  const as = async (sub: string, claims: object = {}) => bearing(await issuer.token({ sub, ...claims }));

  it('every spelling of a path leads to one basket, and to its owner', async () => {
    const name = `${someUser()}-é`;
    const [composed, decomposed] = [name.normalize('NFC'), name.normalize('NFD')];
    const spellings = [composed, decomposed].flatMap((spelling) => [
      `/baskets/${encodeURIComponent(spelling)}`,
      `/BASKETS/${encodeURIComponent(spelling)}/`,
    ]);
    for (const claim of [composed, decomposed])
      for (const path of spellings)
        expect((await service.api.post(`${path.replace(/\/$/, '')}/items`, addition(), await as(claim))).status).toBe(
          201,
        );
    for (const path of spellings) {
      refusal(await service.api.get(path, await as(name.toUpperCase())), 'forbidden');
      refusal(await service.api.get(path, await as(composed.replace('é', 'e'))), 'forbidden');
    }
  });

  it.each(['a%2fb', '%2e%2e', '.', 'a%00', '%ff'])('no spelling leads past the owner: %s', async (segment) => {
    const answer = await exchange(service.url, {
      method: 'GET',
      target: `/baskets/${segment}`,
      headers: await as('bob'),
    });
    expect([400, 403, 404]).toContain(answer.status);
  });

  it('the history says who did it', async () => {
    const user = someUser();
    await service.api.post(`/baskets/${user}/items`, addition(), await as('someone-else', { sub: user }));
    await service.api.post(`/baskets/${user}/items`, addition(), await as('operator', { scope: 'baskets:admin' }));
    const { text } = await service.api.get(`/baskets/${user}/history`, await as(user));
    const { events } = JSON.parse(text) as { events: { actor: string | null }[] };
    expect(events.map(({ actor }) => actor)).toEqual([user, user, 'operator']);
  });

  it('the documents are open', async () => {
    for (const target of ['/docs', '/openapi.json', '/openapi.yaml'])
      expect((await exchange(service.url, { method: 'GET', target })).status).toBe(200);
  });

  describe("a guest's basket", () => {
    const merged = async (headers: Headers) => {
      const [user, guest] = [someUser(), someUser('guest')];
      await service.api.post(`/baskets/${guest}/items`, addition(), await as(guest));
      const tokens = { ...(await as(user)), ...headers };
      const body = { fromUserName: guest, strategy: 'sum' };
      return {
        guest,
        send: (more: Headers = {}) => service.api.post(`/baskets/${user}/merge`, body, { ...tokens, ...more }),
      };
    };
    const proof = async (guest: string) => ({ 'guest-authorization': (await as(guest)).authorization });

    it('is merged by whoever has the token of the guest too', async () => {
      const { guest, send } = await merged({});
      expect((await send(await proof(guest))).status).toBe(200);
    });

    it('is merged by nobody else, and nobody learns whether it is there', async () => {
      const { send } = await merged({});
      const answers = [await send(), await send(await proof(someUser())), await send(await proof('absent'))];
      const told = answers.map((answer) => refusal(answer, 'forbidden').detail);
      expect(new Set(told).size).toBe(1);
      refusal(await send({ 'guest-authorization': 'Bearer nonsense' }), 'unauthenticated');
    });

    it('is merged by an admin', async () => {
      const { send } = await merged(await as('operator', { scope: 'baskets:admin' }));
      expect((await send()).status).toBe(200);
    });
  });
});

describe('The table of who may do what', () => {
  it('holds for each route and each kind of caller', async () => {
    await using issuer = await Issuer.start();
    await using service = await serve(issuer.env);
    const { asked, wrong } = await wrongVerdicts(service.url, issuer);
    figure('who may do what', `${asked} requests of 6 kinds of callers, ${wrong.length} with another verdict`);
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(6 * 12);
  });
});

/** Without it whoever has a token has every basket. */
const POLICY = guard({ file: 'auth/gate.js', guard: 'if (!caller.isAdmin)', instead: 'if (false)' });

describeWith(['postgres'], 'A service that does not look at the policy of its routes', () => {
  it('has another table: the test above can fail', async () => {
    await using issuer = await Issuer.start();
    await using storage = await createStorage();
    const { env, nodeArguments, errors } = without([POLICY]);
    await using service = await ServiceProcess.start({ ...storage.env, ...issuer.env, ...env }, nodeArguments);
    const { wrong } = await wrongVerdicts(service.url, issuer);
    figure('who may do what (control: no policies)', `${wrong.length} with another verdict, such as ${wrong[0]}`);
    expect(service.errors).toBe(errors);
    expect(wrong).toContain('putBasket for another user: 200');
  });
});

describe('Without tokens', () => {
  it('everybody may do everything, and nobody is named', async () => {
    await using service = await serve();
    const user = someUser();
    expect((await service.api.post(`/baskets/${user}/items`, addition(), bearing('ignored'))).status).toBe(201);
    const { text } = await service.api.get(`/baskets/${user}/history`);
    expect((JSON.parse(text) as { events: { actor: unknown }[] }).events[0]?.actor).toBeNull();
  });
});
