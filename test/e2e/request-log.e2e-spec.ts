import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import pg from 'pg';
import { refusal } from '../support/api.js';
import { operations, sampleBody } from '../support/contract.js';
import type { Answer } from '../support/contract.js';
import { hostileBodies, targetOf } from '../support/hostile.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import type { LogLine } from '../support/service-process.js';
import { addition, basketOf } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';
import { exchange } from '../support/wire.js';

jest.setTimeout(180_000);

/** In whatever a caller may send; none of it may come out anywhere but in the answer to that caller. */
const CANARY = 'canary-4f1d';
const secrets = {
  authorization: `Bearer ${CANARY}-token`,
  cookie: `session=${CANARY}-cookie`,
  'x-api-key': `${CANARY}-key`,
  'if-match': `"${CANARY}"`,
};
const user = `${CANARY}-${randomUUID()}`;

interface Sent {
  readonly method: string;
  readonly answer: Answer;
}

/** Everything that can be asked of the service, in good ways and bad ones. */
async function askForEverything(url: string): Promise<Sent[]> {
  const sent: Sent[] = [];
  const send = async (method: string, target: string, body?: string | Uint8Array, type = 'application/json') => {
    const headers = { ...secrets, ...(body === undefined ? {} : { 'content-type': type }) };
    sent.push({ method, answer: await exchange(url, { method, target, headers, body }) });
  };
  for (const operation of operations) {
    const target = targetOf(operation, { userName: user, productId: randomUUID() });
    const sample = operation.requestBody && { ...(sampleBody(operation) as object), productName: `${CANARY}-name` };
    await send(operation.method, `${target}?token=${CANARY}`, sample && JSON.stringify(sample));
    if (!sample) continue;
    for (const [body] of Object.values(hostileBodies)) await send(operation.method, target, body);
    await send(operation.method, target, JSON.stringify({ ...sample, [CANARY]: CANARY }));
    await send(operation.method, target, `{"${CANARY}": ${CANARY}}`);
    await send(operation.method, target, CANARY, 'text/plain');
  }
  for (const target of [`/${CANARY}`, `/baskets/${CANARY}%zz`, `/docs/${CANARY}`, `/baskets/${CANARY.repeat(200)}`])
    await send('GET', target);
  return sent;
}

const requestLines = (log: readonly LogLine[]) => log.filter(({ msg }) => msg === 'request');

describe('the log', () => {
  it('has one line for each request, which says no more than it should', async () => {
    await using storage = await createStorage();
    await using service = await ServiceProcess.start({ ...storage.env, LOG_LEVEL: 'trace' });
    const sent = await askForEverything(service.url);
    expect(await service.end()).toEqual({ code: 0, signal: null });

    const lines = requestLines(service.log);
    const routes = new Set<unknown>([
      'none',
      '/docs/*',
      ...operations.map(({ path }) => path.replace(/\{(\w+)\}/g, ':$1')),
    ]);
    for (const { method, answer } of sent) {
      const requestId = answer.headers['x-request-id'];
      const ofIt = lines.filter((line) => line.requestId === requestId);
      expect(ofIt).toEqual([
        {
          ...{ level: 30, time: expect.any(Number) as unknown, pid: expect.any(Number) as unknown, msg: 'request' },
          ...{ requestId, method, status: answer.status, route: expect.any(String) as unknown },
          durationMs: expect.any(Number) as unknown,
        },
      ]);
      expect(routes).toContain(ofIt[0]?.route);
      expect(ofIt[0]?.durationMs).toBeGreaterThanOrEqual(0);
    }
    expect(service.output).not.toContain(CANARY);
    expect(service.errors).toBe('');
  });

  it('is JSON, a line each', async () => {
    await using storage = await createStorage();
    await using service = await ServiceProcess.start({ ...storage.env, LOG_LEVEL: 'trace' });
    await service.api.get(basketOf(randomUUID()));
    await service.end();
    expect(service.log).toHaveLength(service.output.trimEnd().split('\n').length);
  });
});

describeWith(['postgres'], 'the log of a failure', () => {
  it('has the reason and the id of the request, and the caller has only the id', async () => {
    await using storage = await createStorage();
    const address = new URL(storage.env.DATABASE_URL ?? '');
    address.password = `${CANARY}-password`;
    await using service = await ServiceProcess.start({
      ...storage.env,
      ...{ DATABASE_URL: address.href, LOG_LEVEL: 'trace' },
    });
    const database = new pg.Client({ connectionString: storage.env.DATABASE_URL });
    await database.connect();
    await database.query('ALTER TABLE domain_events RENAME COLUMN event_data TO other_data');
    await database.end();

    const body = addition({ productName: `${CANARY}-name` });
    const answer = await service.api.post(`${basketOf(user)}/items`, body, { authorization: secrets.authorization });
    const { detail, requestId } = refusal(answer, 'internal');
    expect(detail).toBe('The request failed. Its id is in our logs.');
    expect(answer.text).not.toMatch(/event_data|column|relation|typeorm|node_modules/);
    await service.end();

    const failures = service.log.filter(({ level }) => level >= 50);
    expect(failures).toMatchObject([{ requestId, err: { message: expect.stringMatching(/event_data/) as unknown } }]);
    expect(requestLines(service.log)).toContainEqual(expect.objectContaining({ requestId, status: 500 }));
    expect(service.output).not.toContain(CANARY);
  });
});
