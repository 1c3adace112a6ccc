import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, NetConnectOpts, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** Stands between a client and a server of TCP (or of a Unix socket) and does to their connections what networks do. */
export class FaultProxy implements AsyncDisposable {
  /** Added to what the server says, on its way to the client. */
  latencyMs = 0;
  readonly counts = { accepted: 0, cut: 0, swallowedBytes: 0, forwardedBytes: 0 };
  private swallowing = false;
  private readonly pairs = new Set<readonly [client: Socket, server: Socket]>();
  private readonly listener = createServer({ noDelay: true }, (client) => this.accept(client));

  private constructor(private readonly upstream: NetConnectOpts) {}

  static async start(upstream: NetConnectOpts): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream);
    proxy.listener.listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as AddressInfo).port;
  }

  get open(): number {
    return this.pairs.size;
  }

  /** Resets every connection of clients there is; new ones are taken. */
  cut(): void {
    for (const [client, server] of this.pairs) {
      this.counts.cut++;
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** A black hole: connections stay, and are made, and nothing gets through. What is said meanwhile is lost for ever. */
  swallow(): void {
    this.swallowing = true;
  }

  /** Neither slow nor silent any more. A connection that lost bytes stays silent: it would talk nonsense. */
  heal(): void {
    this.swallowing = false;
    this.latencyMs = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close();
    for (const socket of [...this.pairs].flat()) socket.destroy();
    await once(this.listener, 'close');
  }

  private accept(client: Socket): void {
    this.counts.accepted++;
    const server = connect({ ...this.upstream, noDelay: true } as NetConnectOpts);
    const pair = [client, server] as const;
    this.pairs.add(pair);
    const state = { isDead: false };
    this.forward(client, server, state, () => 0);
    this.forward(server, client, state, () => this.latencyMs);
    for (const socket of pair)
      socket
        .on('error', () => undefined)
        .on('close', () => {
          this.pairs.delete(pair);
          // Of a reset the other side learns as of a reset.
          for (const other of pair) if (!other.destroyed) other.destroySoon();
        });
  }

  private forward(from: Socket, to: Socket, state: { isDead: boolean }, latency: () => number): void {
    /** Ends when all that was said before is on its way. */
    let last = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      if (this.swallowing || state.isDead) {
        state.isDead = true;
        this.counts.swallowedBytes += bytes.length;
        return;
      }
      const due = performance.now() + latency();
      if (latency() > 0) last = last.then(() => setTimeout(Math.max(0, due - performance.now())));
      last = last.then(() => {
        this.counts.forwardedBytes += bytes.length;
        if (to.writable) to.write(bytes);
      });
    });
    from.on('end', () => {
      if (!this.swallowing && !state.isDead) last = last.then(() => void to.end());
    });
  }
}
