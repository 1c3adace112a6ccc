import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { send, stopProcess } from './stopped.js';

/** Whose process it is; none for that of the test. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

interface Definition {
  readonly command: string;
  readonly args: readonly string[];
  readonly account?: Account;
  /** Resolves when the server answers, rejects as long as it does not. */
  readonly ask: () => Promise<unknown>;
}

/** A server of a test's own, in a temporary folder that goes away with it. Its children share its fate. */
export class ServerProcess implements AsyncDisposable {
  private child: ChildProcess | undefined;

  constructor(
    readonly folder: string,
    private readonly definition: Definition,
  ) {}

  /** Resolves when the server answers. */
  async start(): Promise<void> {
    await eventually(async () => {
      // A server that was killed may leave something behind that refuses the next one for a moment.
      if (!this.isRunning) this.spawn();
      await this.definition.ask();
    }).catch((error: unknown) => {
      throw new Error(`${this.definition.command} does not answer. ${this.log().slice(-2000)}`, { cause: error });
    });
  }

  /** kill -9, without a chance to say goodbye to anyone. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || !this.isRunning) return;
    const gone = once(child, 'exit');
    this.signalAll('SIGKILL');
    await gone;
  }

  /** It keeps its connections and takes new ones as far as the kernel does, and says nothing. */
  hang(): void {
    this.signalAll('SIGSTOP');
  }

  resume(): void {
    this.signalAll('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  private get isRunning(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  private spawn(): void {
    const { command, args, account } = this.definition;
    const log = openSync(join(this.folder, 'log'), 'a');
    this.child = spawn(command, args, {
      ...account,
      cwd: this.folder,
      stdio: ['ignore', log, log],
      env: { LC_ALL: 'C' },
    });
    this.child.on('error', () => undefined); // The log and the readiness timeout tell.
    closeSync(log);
    if (this.child.pid !== undefined) this.child.once('exit', startGuard(this.child.pid, this.folder));
  }

  private signalAll(signal: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid === undefined || !this.isRunning) return;
    // Stopped first: it forks no child that the list lacks.
    stopProcess(pid);
    const family = [pid, ...childrenOf(pid)];
    if (signal === 'SIGSTOP') family.forEach(stopProcess);
    else for (const member of signal === 'SIGCONT' ? family.reverse() : family) send(member, signal);
  }

  private log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8');
  }
}

/**
 * Ends the server and its folder when this process ends, however it does: jest lets no test hear of its exit.
 *
 * @returns what dismisses the guard
 */
function startGuard(pid: number, folder: string): () => void {
  const children = `ps -A -o pid=,ppid= | awk -v parent="$1" '$2 == parent { print $1 }'`;
  const script = `read -r _; kill -KILL $(${children}) "$1"; rm -rf "$2"`;
  const guard = spawn('sh', ['-c', script, 'sh', `${pid}`, folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  (guard.stdin as Socket).unref();
  return () => {
    guard.kill('SIGKILL');
    guard.stdin.destroy();
  };
}

export const makeFolder = (name: string): string => mkdtempSync(join(tmpdir(), `basket-${name}-`));

function childrenOf(parent: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []));
}
