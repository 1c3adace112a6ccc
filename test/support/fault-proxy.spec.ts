import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { eventually } from './eventually.js';
import { FaultProxy } from './fault-proxy.js';

describe('The fault proxy', () => {
  let echo: Server;
  let proxy: FaultProxy;

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await FaultProxy.start({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
  });
  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    echo.close();
  });

  const open = async () => {
    const socket = connect(proxy.port, '127.0.0.1').setEncoding('utf8');
    await once(socket, 'connect');
    return socket;
  };
  const echoOf = async (socket: Socket, text: string) => {
    socket.write(text);
    const [answer] = (await once(socket, 'data')) as [string];
    return answer;
  };
  const isSilent = async (socket: Socket, text: string) => {
    socket.write(text);
    return (await Promise.race([once(socket, 'data'), setTimeout(150, 'silence')])) === 'silence';
  };

  it('passes on what is said, and counts it', async () => {
    const socket = await open();
    expect(await echoOf(socket, 'hello')).toBe('hello');
    expect(proxy.counts).toEqual({ accepted: 1, cut: 0, swallowedBytes: 0, forwardedBytes: 10 });
    socket.end();
    await once(socket, 'close');
    await eventually(() => proxy.open === 0);
  });

  it('is slow, and keeps the order when it gets faster', async () => {
    const socket = await open();
    let said = '';
    socket.on('data', (text: string) => (said += text));
    proxy.latencyMs = 120;
    const start = performance.now();
    socket.write('one ');
    await eventually(() => proxy.counts.forwardedBytes > 0);
    await setTimeout(30);
    proxy.heal();
    socket.write('two');
    await eventually(() => said === 'one two');
    expect(performance.now() - start).toBeGreaterThan(110);
  });

  it('cuts connections with a reset, and takes new ones', async () => {
    const socket = await open();
    await echoOf(socket, 'hello');
    const broken = once(socket, 'error') as Promise<unknown> as Promise<[NodeJS.ErrnoException]>;
    proxy.cut();
    expect(await broken.catch((error: unknown) => [error])).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(proxy.counts.cut).toBe(1);
    expect(await echoOf(await open(), 'again')).toBe('again');
  });

  it('swallows, and heals; who lost something stays without an answer, who lost nothing does not', async () => {
    const [loser, idle] = [await open(), await open()];
    proxy.swallow();
    expect(await isSilent(loser, 'lost')).toBe(true);
    const late = await open();
    expect(await isSilent(late, 'lost')).toBe(true);
    proxy.heal();
    expect(await isSilent(loser, 'again')).toBe(true);
    expect(await isSilent(late, 'again')).toBe(true);
    expect(await echoOf(idle, 'hello')).toBe('hello');
    expect(proxy.counts.swallowedBytes).toBe(18);
    for (const socket of [loser, idle, late]) socket.destroy();
  });

  it('tells each side that the other has gone', async () => {
    const socket = await open();
    await echoOf(socket, 'hello');
    socket.destroy();
    await eventually(() => proxy.open === 0);
  });
});
