import { setTimeout } from 'node:timers/promises';
import { HttpClient } from './http-client.js';

const EVERY_MS = 50;

interface Probed {
  readonly live: number;
  readonly ready: number;
  readonly at: number;
}

/** Asks for liveness and readiness again and again, as an orchestrator does; 0 is no answer. */
export class Probes implements AsyncDisposable {
  readonly seen: Probed[] = [];
  private readonly http = new HttpClient(5000);
  private readonly probing: Promise<void>;
  private isStopping = false;

  constructor(private readonly url: string) {
    this.probing = this.probe();
  }

  /** What was answered since then, each kind once. */
  since(at: number) {
    const seen = this.seen.filter((one) => one.at >= at);
    const kinds = (of: 'live' | 'ready') => [...new Set(seen.map((one) => one[of]))].sort();
    return { times: seen.length, live: kinds('live'), ready: kinds('ready') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isStopping = true;
    await this.probing;
    this.http[Symbol.dispose]();
  }

  private async probe(): Promise<void> {
    while (!this.isStopping) {
      const at = performance.now();
      const [live, ready] = await Promise.all([this.ask('/health/live'), this.ask('/health/ready')]);
      this.seen.push({ live, ready, at });
      await setTimeout(EVERY_MS);
    }
  }

  private async ask(path: string): Promise<number> {
    try {
      return (await this.http.send(this.url, { method: 'GET', path })).status;
    } catch {
      return 0;
    }
  }
}
