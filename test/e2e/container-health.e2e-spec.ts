import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../src/app.js';
import { Lifecycle } from '../../src/http/lifecycle.js';
import { compose } from '../support/compose.js';
import { createTestDatabase, testConfig } from '../support/database.js';
import { healthCommand, wordsOf } from '../support/dockerfile.js';

/** The exit code of a health check, run on the Node of the test against a port. */
function exitCodeOf([command = '', ...args]: string[], port: number): Promise<number> {
  expect(command).toBe('node');
  const words = args.map((word) => word.replace(/:3000\//, `:${port}/`));
  return new Promise((done) => {
    execFile(process.execPath, words, { env: { PORT: String(port) } }, (error) => done(Number(error?.code ?? 0)));
  });
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function listen(server: Server) {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: portOf(server),
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

async function serve() {
  const database = await createTestDatabase();
  const app = await createApp(testConfig(database), database.open);
  await app.listen(0, '127.0.0.1');
  return {
    port: portOf(app.getHttpServer()),
    drain: () => app.get(Lifecycle).drain(),
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await database.drop();
    },
  };
}

describe('The health checks', () => {
  const ofImage = wordsOf(healthCommand);
  const ofCompose = compose.services.basket.healthcheck.test?.slice(1) ?? [];

  it('pass while the service serves', async () => {
    await using served = await serve();
    expect(await exitCodeOf(ofImage, served.port)).toBe(0);
    expect(await exitCodeOf(ofCompose, served.port)).toBe(0);
  });

  it('tell a live service from a ready one while it drains', async () => {
    await using served = await serve();
    served.drain();
    expect(await exitCodeOf(ofImage, served.port)).toBe(0);
    expect(await exitCodeOf(ofCompose, served.port)).toBe(1);
  });

  it('fail where the answer is an error', async () => {
    await using served = await listen(createServer((_, answer) => answer.writeHead(503).end()));
    expect(await exitCodeOf(ofImage, served.port)).toBe(1);
    expect(await exitCodeOf(ofCompose, served.port)).toBe(1);
  });

  it('fail where nobody listens', async () => {
    const served = await listen(createServer());
    await served[Symbol.asyncDispose]();
    expect(await exitCodeOf(ofImage, served.port)).toBe(1);
    expect(await exitCodeOf(ofCompose, served.port)).toBe(1);
  });
});
