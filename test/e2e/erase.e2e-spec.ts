import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { NO_BUS, serve, servedForAll } from '../support/served.js';
import { basketIn, refusal } from '../support/api.js';
import { dumpDatabase, dumpRedis, naming } from '../support/remains.js';
import { Issuer, bearing } from '../support/issuer.js';
import { addition, basketOf, dataOf, replacement, someItem } from '../support/shopping.js';
import { exchange } from '../support/wire.js';

jest.setTimeout(60_000);

describe('eraseUserData', () => {
  const service = servedForAll(NO_BUS);

  const dump = async () => [...(await dumpDatabase(service.query)), ...(await dumpRedis())];

  it('leaves no trace of a user anywhere: tables, views, cache; the control finds the traces before', async () => {
    const { api } = service;
    const mark = randomUUID().slice(0, 8);
    const [user, friend, guest] = [`canary-${mark}`, `friend-${mark}`, `guest-${mark}`];
    const product = addition({ productName: `Canary seed ${mark}` });
    // Two baskets, more than a hundred events, an idempotency key, a merge in either direction.
    await api.post(`${basketOf(user)}/items`, product, { 'idempotency-key': `key-of-canary-${mark}` });
    await api.delete(basketOf(user));
    const { productId } = product;
    await api.put(basketOf(user), replacement([someItem({ productId, productName: product.productName })]));
    for (let quantity = 1; quantity <= 101; quantity++)
      await api.patch(`${basketOf(user)}/items/${productId}`, { quantity: quantity + 5 });
    await api.post(`${basketOf(guest)}/items`, addition());
    await api.post(`${basketOf(user)}/merge`, { fromUserName: guest, strategy: 'sum' });
    await api.post(`${basketOf(friend)}/merge`, { fromUserName: user, strategy: 'sum' });
    await api.delete(`${basketOf(friend)}/items`);
    await api.post(`${basketOf(user)}/items`, product);
    await api.get(basketOf(user));
    await api.get(basketOf(user));

    const canaries = [user, `key-of-canary-${mark}`];
    const before = naming(await dump(), canaries);
    const places = new Set(before.map((row) => row.split(' ', 1)[0]));
    expect([...places]).toEqual(
      expect.arrayContaining([
        ...['domain_events', 'basket_projections', 'basket_snapshots', 'outbox'],
        ...(process.env.REDIS_URL ? [`basket:${user}`] : []),
      ]),
    );
    // In the streams of the others, too.
    for (const other of [friend, guest])
      expect(before.some((row) => row.includes(`(${other},`) && row.includes(user))).toBe(true);

    expect((await api.delete(dataOf(user))).status).toBe(204);
    expect(naming(await dump(), canaries)).toEqual([]);
    // What a friend took over from the user is the friend's; no product of the user's own is left elsewhere.
    expect(naming(await dump(), [product.productName]).every((row) => row.includes(`(${friend},`))).toBe(true);
    refusal(await api.delete(dataOf(user)), 'user-not-found');
    // The others' baskets and histories are as they were, but for the name.
    const { text } = await api.get(`${basketOf(friend)}/history`);
    expect(text).toContain('"fromUserName":"/erased"');
    expect((await api.get(`${basketOf(guest)}/history`)).status).toBe(200);
    expect((await api.post(`${basketOf(friend)}/merge`, { fromUserName: guest, strategy: 'sum' })).status).toBe(200);
  });

  it('is no use of a version: the next basket begins behind, and old conditions, ids and times do not fit it', async () => {
    const { api } = service;
    const user = `comeback-${randomUUID()}`;
    const path = basketOf(user);
    for (let n = 0; n < 3; n++) await api.post(`${path}/items`, addition());
    const old = basketIn(await api.get(path));
    expect((await api.delete(dataOf(user))).status).toBe(204);

    refusal(await api.get(path), 'basket-not-found');
    refusal(await api.get(`${path}?version=2`), 'version-not-found');
    refusal(await api.get(`${path}/history`), 'basket-not-found');
    const key = { 'idempotency-key': 'the-first-one' };
    const item = addition();
    refusal(await api.put(path, replacement(), { 'if-match': `"${old.version}"` }), 'version-mismatch');
    const again = basketIn(await api.post(`${path}/items`, item, key), 201);
    expect(again.version).toBe(old.version + 3); // the erasure, the opening, the line
    expect(again.items).toHaveLength(1);
    const repeat = await api.post(`${path}/items`, item, key);
    expect(repeat.headers['idempotent-replay']).toBe('true');
    expect(basketIn(repeat, 201)).toEqual(again);
    refusal(await api.get(`${path}?version=${old.version}`), 'version-not-found');
    refusal(await api.get(`${path}?version=${old.version + 1}`), 'version-not-found');
    expect(basketIn(await api.get(`${path}?version=${again.version}`))).toEqual(again);
    const { events } = JSON.parse((await api.get(`${path}/history`)).text) as { events: { version: number }[] };
    expect(events.map(({ version }) => version)).toEqual([old.version + 2, old.version + 3]);
    // And once more.
    expect((await api.delete(dataOf(user))).status).toBe(204);
    expect(basketIn(await api.post(`${path}/items`, addition()), 201).version).toBe(again.version + 3);
  });

  it('is seen by who listens, also by one who comes back', async () => {
    const { api, url } = service;
    const user = `listener-${randomUUID()}`;
    await api.post(`${basketOf(user)}/items`, addition());
    const stop = new AbortController();
    const live = await fetch(`${url}${basketOf(user)}/live`, { signal: stop.signal });
    const reader = live.body?.pipeThrough(new TextDecoderStream()).getReader();
    let said = '';
    const hear = async (text: string) => {
      while (!said.includes(text)) said += (await reader?.read())?.value ?? '';
    };
    await hear('"version":2');
    await api.delete(dataOf(user));
    await hear('"version":3');
    stop.abort();
    const again = await exchange(url, {
      method: 'GET',
      target: `${basketOf(user)}/live`,
      headers: { 'last-event-id': '2' },
    });
    expect(again.text).toContain('"version":3');
  });

  it('finds nothing of nobody', async () => {
    refusal(await service.api.delete(dataOf(`nobody-${randomUUID()}`)), 'user-not-found');
    refusal(await exchange(service.url, { method: 'GET', target: dataOf(`nobody-${randomUUID()}`) }), 'user-not-found');
  });

  it('does not touch users whose names are alike', async () => {
    const { api } = service;
    const user = `Name-${randomUUID()}`;
    const others = [user.toLowerCase(), `${user}%`, user.replace('-', '_'), `${user} `];
    for (const name of [user, ...others]) await api.post(`${basketOf(name)}/items`, addition());
    await api.delete(dataOf(user));
    for (const name of others) expect(basketIn(await api.get(basketOf(name))).userName).toBe(name);
  });
});

describe('With tokens', () => {
  it('a user may export, and only an admin erase', async () => {
    await using issuer = await Issuer.start();
    await using service = await serve(issuer.env);
    const [alice, bob] = [`alice-${randomUUID()}`, `bob-${randomUUID()}`];
    const as = async (sub: string, scope = '') => bearing(await issuer.token({ sub, scope }));
    await service.api.post(`${basketOf(alice)}/items`, addition(), await as(alice));
    const get = async (headers: Record<string, string>) =>
      await exchange(service.url, { method: 'GET', target: dataOf(alice), headers });
    expect((await get(await as(alice))).text).toContain(`"actor":"${alice}"`);
    refusal(await get(await as(bob)), 'forbidden');
    refusal(await service.api.delete(dataOf(alice), await as(alice)), 'forbidden');
    expect((await service.api.delete(dataOf(alice), await as('operator', 'baskets:admin'))).status).toBe(204);
    expect(naming(await dumpDatabase(service.query), [alice])).toEqual([]);
  });
});
