import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';

const running = new Set<ChildProcessWithoutNullStreams>();

const killAll = () => running.forEach((child) => child.kill('SIGKILL'));
afterAll(killAll);
process.once('exit', killAll);

/** A built script that takes arguments, with nothing in its environment but what is given. */
export class Script {
  readonly exited: Promise<number | NodeJS.Signals | null>;
  /** What it has written so far. */
  written = '';
  /** What it has said besides. */
  said = '';

  constructor(
    script: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    private readonly child = spawn(process.execPath, [`dist/bundle/${script}`, ...args], {
      env: { PATH: process.env.PATH, ...env },
    }),
  ) {
    running.add(child);
    this.exited = once(child, 'close').then(() => {
      running.delete(child);
      return child.exitCode ?? child.signalCode;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.written += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.said += text));
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}
