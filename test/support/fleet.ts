import { without } from './guards.js';
import type { Guard } from './guards.js';
import { freePort } from './redis-server.js';
import { ServiceProcess } from './service-process.js';
import type { Env } from './service-process.js';

const PRODUCTION: Env = { NODE_ENV: 'production', AUTH_MODE: 'none', LOG_LEVEL: 'warn', MIGRATE_ON_START: 'false' };

/** Processes of the built service, as in production, each of which is restarted where it was. */
export class Fleet implements AsyncDisposable {
  private constructor(
    private readonly members: { readonly port: number; process: ServiceProcess }[],
    private readonly env: Env,
    private readonly nodeArguments: readonly string[],
  ) {}

  /** @param guards what a negative control takes out */
  static async start(count: number, env: Env, guards: readonly Guard[] = [], nodeArguments: readonly string[] = []) {
    const hooks = without(guards);
    const fleet = new Fleet([], { ...PRODUCTION, ...hooks.env, ...env }, [...nodeArguments, ...hooks.nodeArguments]);
    try {
      for (let at = 0; at < count; at++) {
        const port = await freePort();
        fleet.members.push({ port, process: await fleet.launch(port, at === 0 ? { MIGRATE_ON_START: 'true' } : {}) });
      }
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
    for (const { errors } of fleet.processes) if (errors !== hooks.errors) throw new Error(errors);
    return fleet;
  }

  get urls(): string[] {
    return this.members.map(({ port }) => `http://127.0.0.1:${port}`);
  }

  get ports(): number[] {
    return this.members.map(({ port }) => port);
  }

  get processes(): ServiceProcess[] {
    return this.members.map(({ process }) => process);
  }

  /** Ends one and starts another one in its place. @returns how long it took from its start until it was ready, in ms */
  async restart(at: number, signal: NodeJS.Signals): Promise<number> {
    const member = this.members[at];
    if (!member) throw new Error(`There is no process ${at}.`);
    await member.process.end(signal);
    const start = performance.now();
    member.process = await this.launch(member.port);
    return performance.now() - start;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.processes.map((process) => process[Symbol.asyncDispose]()));
  }

  private launch(port: number, env: Env = {}): Promise<ServiceProcess> {
    return ServiceProcess.start({ ...this.env, PORT: `${port}`, ...env }, this.nodeArguments);
  }
}
