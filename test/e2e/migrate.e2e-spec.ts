import { jest } from '@jest/globals';
import { basketIn } from '../support/api.js';
import { ServiceProcess, runToEnd } from '../support/service-process.js';
import { someBasket, replacement, someItem } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';

jest.setTimeout(180_000);

describe('npm run migrate', () => {
  it('brings an empty database up to date, once, and leaves what is in it alone', async () => {
    await using storage = await createStorage('nothing');
    const env = { ...storage.env, MIGRATE_ON_START: 'false' };

    await expect(ServiceProcess.start(env)).rejects.toThrow(/lacks migrations \(DomainEvents.*npm run migrate/);

    const first = await runToEnd(env, 'migrate.js');
    expect(first).toMatchObject({ code: 0, errors: '' });
    expect(first.written).toMatch(/^Applied: DomainEvents\d+, .*BasketProjections\d+/);

    const path = someBasket();
    const basket = await (async () => {
      await using service = await ServiceProcess.start(env);
      const created = basketIn(await service.api.put(path, replacement([someItem()])), 201);
      await service.end();
      return created;
    })();

    expect(await runToEnd(env, 'migrate.js')).toMatchObject({ code: 0, written: 'Nothing is pending.\n', errors: '' });

    await using service = await ServiceProcess.start(env);
    expect(basketIn(await service.api.get(path))).toEqual(basket);
  });

  it('says why it cannot, without the password', async () => {
    const env = { DATABASE_URL: 'postgres://basket:canary-secret@127.0.0.1:1/basket' };
    const { code, written, errors } = await runToEnd(env, 'migrate.js');
    expect(code).toBe(1);
    expect(errors).toMatch(/^The migration failed: .*ECONNREFUSED/);
    expect(written + errors).not.toContain('canary');
  });

  it('says what is wrong with its configuration, without a stack and without the password', async () => {
    const { code, written, errors } = await runToEnd(
      { DATABASE_URL: 'mysql://basket:canary-secret@127.0.0.1/x' },
      'migrate.js',
    );
    expect(code).toBe(1);
    expect(errors).toMatch(/^The configuration is wrong\. DATABASE_URL must be a URL that starts with postgres/);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(written + errors).not.toContain('canary');
  });
});
