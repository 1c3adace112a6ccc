import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './outbox.js';
import { stopProcess } from './stopped.js';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('data', () => resolve(true)).once('error', () => resolve(false));
    socket.once('data', () => socket.destroy());
  });

/**
 * A NATS server of the test's own, with JetStream on disk.
 *
 * @param options lines of its configuration file
 */
export async function startNatsServer(...options: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'basket-nats-'));
  const port = await freePort();
  const file = join(folder, 'nats.conf');
  await writeFile(file, options.join('\n'));
  let server: ChildProcess | undefined;
  const start = async () => {
    server = spawn('nats-server', ['-c', file, '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], {
      stdio: 'ignore',
    });
    await until(() => answers(port), 'the NATS server answers');
  };
  const kill = async () => {
    if (!server) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
    server = undefined;
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    /** On the port and the store it had. */
    start,
    kill,
    /** It keeps its connections but answers no more, until it is killed. */
    freeze: () => {
      if (server?.pid !== undefined) stopProcess(server.pid);
    },
    close: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type NatsServer = Awaited<ReturnType<typeof startNatsServer>>;
