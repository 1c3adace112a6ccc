import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './redis-server.js';
import { ServerProcess, makeFolder } from './server-process.js';

/** HAProxy as it stands before the service: connections are kept on both sides, and no request is sent a second time. */
export class HaProxy extends ServerProcess {
  private constructor(
    folder: string,
    readonly port: number,
  ) {
    super(folder, {
      command: '/usr/sbin/haproxy',
      args: ['-db', '-f', join(folder, 'haproxy.cfg')],
      ask: async () => {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect').finally(() => socket.destroy());
      },
    });
  }

  static async start(ports: readonly number[]): Promise<HaProxy> {
    const proxy = new HaProxy(makeFolder('haproxy'), await freePort());
    writeFileSync(join(proxy.folder, 'haproxy.cfg'), configuration(proxy.port, ports));
    try {
      await proxy.start();
      return proxy;
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }
}

/** Whoever says twice that it is not ready gets nothing more, and comes back when it first says that it is. To be slow to say so is neither. */
const configuration = (port: number, servers: readonly number[]): string => `
defaults
  mode http
  timeout connect 1s
  timeout check 2s
  timeout client 30s
  timeout server 30s
  retries 0
  option http-keep-alive
  http-reuse always

frontend api
  bind 127.0.0.1:${port}
  default_backend baskets

backend baskets
  balance roundrobin
  option httpchk GET /health/ready
  default-server check inter 100ms fall 2 rise 1
${servers.map((server, at) => `  server basket${at} 127.0.0.1:${server}`).join('\n')}
`;
