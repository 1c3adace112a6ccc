import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { eventually } from './eventually.js';
import { ServerProcess, makeFolder } from './server-process.js';

/** A Redis of the test's own, that keeps nothing on disk: a restart empties it. */
export class RedisServer extends ServerProcess {
  /** As REDIS_URL takes it. */
  readonly url: string;

  private constructor(folder: string, port: number, options: readonly string[]) {
    super(folder, {
      command: 'redis-server',
      args: [
        '--bind',
        '127.0.0.1',
        '--port',
        `${port}`,
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        folder,
        ...options,
      ],
      ask: () => this.ask((redis) => redis.ping()),
    });
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(makeFolder('redis'), await freePort(), options);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A cluster of one node, which refuses what a larger one would refuse. */
  static async startCluster(): Promise<RedisServer> {
    const bus = await freePort();
    const server = await RedisServer.start(
      ...['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-announce-ip', '127.0.0.1'],
    );
    try {
      await server.ask((redis) => redis.cluster('ADDSLOTSRANGE', 0, 16383));
      await eventually(async () => (await server.ask((redis) => redis.cluster('INFO'))).includes('cluster_state:ok'));
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Over a connection of its own, so that it does not matter what became of others. */
  async ask<T>(question: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
    redis.on('error', () => undefined); // connect() rejects with it.
    try {
      await redis.connect();
      return await question(redis);
    } finally {
      redis.disconnect();
    }
  }
}

/** redis-server cannot be given port 0 and asked which it got. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
