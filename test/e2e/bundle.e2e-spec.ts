import { readFileSync } from 'node:fs';
import { addition, someBasket } from '../support/shopping.js';
import { ServiceProcess } from '../support/service-process.js';
import { embeddedStorage } from '../support/storage.js';

describe('the bundle', () => {
  it('has all packages but those that read files of theirs, which the image brings along', async () => {
    await using storage = await embeddedStorage();
    const hooks = { NODE_OPTIONS: '--import=./test/support/loaded-packages.mjs' };
    await using service = await ServiceProcess.start({ ...storage.env, ...hooks });
    expect((await service.api.post(`${someBasket()}/items`, addition())).status).toBe(201);
    expect((await fetch(`${service.url}/docs`)).status).toBe(200);
    // Its schemas are named after classes.
    expect(await (await fetch(`${service.url}/openapi.yaml`)).text()).toBe(readFileSync('openapi.yaml', 'utf8'));
    expect(await service.end()).toEqual({ code: 0, signal: null });

    const apart = JSON.parse(service.errors) as string[];
    expect(apart).toEqual(['@electric-sql/pglite', 'swagger-ui-dist']);
    const copies = readFileSync('Dockerfile', 'utf8').matchAll(
      /^COPY .* \/app\/node_modules\/(\S+) node_modules\/\1$/gm,
    );
    expect([...copies].map(([, name]) => name)).toEqual(apart);
  });
});
