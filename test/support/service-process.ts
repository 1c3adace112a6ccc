import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Api } from './api.js';
import { eventually } from './eventually.js';

export type Env = Readonly<Record<string, string>>;

export interface Exit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of the log, which is JSON. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [member: string]: unknown;
}

const BOOT_MS = 90_000;
/** What the processes before it compiled. */
const COMPILED = 'node_modules/.cache/basket/compiled';

const running = new Set<ChildProcessWithoutNullStreams>();

// Whatever becomes of a test, its processes end with it.
const killAll = () => running.forEach((child) => child.kill('SIGKILL'));
afterAll(killAll);
process.once('exit', killAll);

/** A process of the built service, listening on a port of its own. */
export class ServiceProcess implements AsyncDisposable {
  readonly exited: Promise<Exit>;
  private stdout = '';
  private stderr = '';

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private address: string | undefined,
  ) {
    this.exited = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode }));
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  /**
   * Starts a process with nothing in its environment but what is given.
   *
   * @param nodeArguments what stands before the script
   */
  static spawn(env: Env, script = 'main.js', nodeArguments: readonly string[] = []): ServiceProcess {
    // Arguments bring hooks, and those change modules of ours, which the bundle has no more.
    const path = `dist/${nodeArguments.length === 0 ? 'bundle' : 'src'}/${script}`;
    if (!existsSync(path)) throw new Error(`${path} is not there. Run: npm run build`);
    const child = spawn(process.execPath, [...nodeArguments, path], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: COMPILED, PORT: '0', METRICS_PORT: '0', ...env },
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const port = env.PORT ?? '0';
    // A quiet service does not tell where it is.
    return new ServiceProcess(child, port === '0' ? undefined : `http://127.0.0.1:${port}`);
  }

  /** Resolves when the service is ready. @throws Error with what it said when it is not ready in time, or ends */
  static async start(env: Env, nodeArguments?: readonly string[]): Promise<ServiceProcess> {
    const service = ServiceProcess.spawn(env, 'main.js', nodeArguments);
    try {
      await eventually(() => service.hasEnded || service.isReady(), BOOT_MS);
      if (service.hasEnded) throw new Error('The service ended before it was ready.');
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw new Error(`${(error as Error).message} ${service.output}`, { cause: error });
    }
    return service;
  }

  get url(): string {
    if (!this.address) throw new Error('The service does not listen yet.');
    return this.address;
  }

  /** Where it can be scraped. */
  get metricsUrl(): string {
    const url = /metrics (http:[^"]+)"/.exec(this.stdout)?.[1];
    if (url === undefined) throw new Error('The service does not serve its metrics yet.');
    return url;
  }

  get api(): Api {
    return new Api(this.url);
  }

  /** Everything it has written. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  get errors(): string {
    return this.stderr;
  }

  get written(): string {
    return this.stdout;
  }

  /** What it has logged. Lines leave the process in batches; all are there when it has ended. */
  get log(): LogLine[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.kill(signal);
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }

  private async isReady(): Promise<boolean> {
    this.address ??= /"msg":"API (http:\/\/[^/]+)\//.exec(this.stdout)?.[1];
    return this.address !== undefined && (await fetch(`${this.address}/health/ready`)).ok;
  }
}

/** Runs a script of the service, or a service that shall not start, to its end. */
export async function runToEnd(env: Env, script?: string): Promise<Exit & { written: string; errors: string }> {
  await using service = ServiceProcess.spawn(env, script);
  const exit = await service.exited;
  return { ...exit, written: service.written, errors: service.errors };
}
