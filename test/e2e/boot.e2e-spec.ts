import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import { basketIn } from '../support/api.js';
import { Issuer } from '../support/issuer.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess, runToEnd } from '../support/service-process.js';
import { addition, someBasket, replacement, someItem } from '../support/shopping.js';
import { createStorage, embeddedStorage } from '../support/storage.js';

jest.setTimeout(180_000);

describe('a service without any configuration', () => {
  it('makes its own database and says where everything is', async () => {
    await using storage = await embeddedStorage('no files');
    await using service = await ServiceProcess.start(storage.env);
    expect((await service.api.post(`${someBasket()}/items`, addition())).status).toBe(201);
    expect(await service.end()).toEqual({ code: 0, signal: null });
    const log = service.log.map(({ msg }) => msg).join('\n');
    expect(log).toContain(
      `Embedded database in ${storage.folder}: a crash of this process loses nothing, a power cut may.`,
    );
    expect(log).toContain(`API ${service.url}/baskets/{userName}, Swagger UI ${service.url}/docs`);
    expect(service.errors).toBe('');
  });

  it('has after a restart what it had before, and counts on; another one is refused its folder meanwhile', async () => {
    await using storage = await embeddedStorage();
    const path = someBasket();
    const before = await (async () => {
      await using service = await ServiceProcess.start(storage.env);
      const basket = basketIn(await service.api.put(path, replacement([someItem()])), 201);
      const { code, errors } = await runToEnd(storage.env);
      expect(code).toBe(1);
      expect(errors).toMatch(
        /^Process \d+ has the embedded database in .* open\. Stop it, or set DATABASE_DIR or DATABASE_URL\.\n$/,
      );
      expect(errors).toContain(storage.folder);
      expect((await service.api.get('/health/ready')).status).toBe(200);
      expect(await service.end('SIGINT')).toEqual({ code: 0, signal: null });
      return basket;
    })();
    await using service = await ServiceProcess.start(storage.env);
    expect(basketIn(await service.api.get(path))).toEqual(before);
    expect(basketIn(await service.api.post(`${path}/items`, addition()), 201).version).toBe(before.version + 1);
  });

  it('has after a kill in the middle of writes all that it acknowledged', async () => {
    await using storage = await embeddedStorage();
    const paths = Array.from({ length: 4 }, () => someBasket());
    const acknowledged = new Map(paths.map((path) => [path, new Set<string>()]));
    const sent = new Map(paths.map((path) => [path, new Set<string>()]));

    {
      await using service = await ServiceProcess.start(storage.env);
      const enough = Promise.withResolvers<undefined>();
      const writers = paths.map(async (path) => {
        for (let count = 0; ; count++) {
          const item = addition();
          sent.get(path)?.add(item.productId);
          const answer = await service.api.post(`${path}/items`, item).catch(() => undefined);
          if (!answer) return;
          basketIn(answer, 201);
          acknowledged.get(path)?.add(item.productId);
          if (count === 20) enough.resolve(undefined);
        }
      });
      await enough.promise;
      expect(await service.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
      await Promise.all(writers);
    }

    await using service = await ServiceProcess.start(storage.env);
    for (const path of paths) {
      const basket = basketIn(await service.api.get(path));
      const stored = basket.items.map(({ productId }) => productId);
      expect([...(acknowledged.get(path) ?? [])].filter((id) => !stored.includes(id))).toEqual([]);
      expect(stored.filter((id) => !sent.get(path)?.has(id))).toEqual([]);
      expect(basket.version).toBe(stored.length + 1);
    }
  });
});

describeWith(['postgres'], 'a service that erases users', () => {
  it.each([
    ['', true],
    ['x'.repeat(32), false],
  ])('warns where whoever has the database can look for names in what stays of them: %j', async (secrets, warns) => {
    await using issuer = await Issuer.start();
    await using storage = await createStorage();
    const env = { ...storage.env, ...issuer.env, MIGRATE_ON_START: 'true', ERASURE_SECRETS: secrets };
    await using service = await ServiceProcess.start(env);
    expect(await service.end()).toEqual({ code: 0, signal: null });
    expect(service.log.some(({ msg }) => msg.startsWith('ERASURE_SECRETS is not set'))).toBe(warns);
  });
});

describe('a service that is wrongly configured', () => {
  it.each([
    ['PORT', 'abc'],
    ['MAX_QUANTITY', '1.5'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://basket:canary-secret@127.0.0.1/basket'],
    ['DATABASE_URL', 'canary-secret'],
    ['REDIS_URL', 'redis://127.0.0.1:1,https://:canary-secret@127.0.0.1'],
    ['PROBLEM_TYPE_BASE', 'canary-secret'],
  ])('stops with a line that names %s, for %s', async (name, value) => {
    const { code, written, errors } = await runToEnd({ [name]: value });
    expect(code).toBe(1);
    expect(errors).toMatch(new RegExp(`^The configuration is wrong\\. ${name} must be [^\\n]+\\n$`));
    expect(written + errors).not.toContain('canary');
    if (value.length > 3) expect(written + errors).not.toContain(value);
  });

  it('names everything that is wrong at once', async () => {
    const { code, errors } = await runToEnd({ PORT: 'abc', LOG_LEVEL: 'loud' });
    expect(code).toBe(1);
    expect(errors).toMatch(/PORT must be .* LOG_LEVEL must be /);
  });

  it('says which port is in use', async () => {
    await using storage = await embeddedStorage();
    await using other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, errors } = await runToEnd({ ...storage.env, PORT: String(port) });
    expect(code).toBe(1);
    expect(errors).toMatch(/in use/);
    expect(errors).toContain(String(port));
    expect(errors.trim().split('\n')).toHaveLength(1);
    // Nothing of the failed start stands in the way of the next one.
    await using service = await ServiceProcess.start(storage.env);
    expect((await service.api.get('/health/ready')).status).toBe(200);
  });
});
