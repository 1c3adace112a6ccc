import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { refusal } from '../support/api.js';
import { servedForAll } from '../support/served.js';
import { exchange } from '../support/wire.js';

describe('the documents', () => {
  const service = servedForAll();
  const get = (target: string) => exchange(service.url, { method: 'GET', target });

  it('are the committed contract, in both notations', async () => {
    const committed = load(readFileSync('openapi.yaml', 'utf8'));
    const yaml = await get('/openapi.yaml');
    const json = await get('/openapi.json');
    expect([yaml.status, json.status]).toEqual([200, 200]);
    expect(yaml.headers['content-type']).toMatch(/yaml/);
    expect(json.headers['content-type']).toMatch(/^application\/json/);
    expect(load(yaml.text)).toEqual(committed);
    expect(JSON.parse(json.text)).toEqual(committed);
  });

  it('are shown by Swagger UI with everything it loads', async () => {
    const page = await get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const files = [...page.text.matchAll(/(?:src|href)="\.?\/?([^"]+)"/g)].map(([, file]) => `/${file ?? ''}`);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect(await get(file)).toMatchObject({ status: 200 });
  });

  it.each([
    '/docs/nothing',
    '/docs/../package.json',
    '/docs/%2e%2e/%2e%2e/package.json',
    '/docs/..%2f..%2fpackage.json',
    '/docs/%00',
    '/docs/a%0ab',
    '/docs//etc/passwd',
    '/docs/.git',
  ])('give nothing else away: %s', async (target) => {
    const answer = await get(target);
    expect([400, 404]).toContain(answer.status);
    refusal(answer, answer.status === 404 ? 'route-not-found' : 'malformed-request');
  });
});
