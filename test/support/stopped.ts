import { existsSync, readFileSync, readdirSync } from 'node:fs';

const PATIENCE_MS = 5000;
const clock = new Int32Array(new SharedArrayBuffer(4));

/** Sends a signal to a process that may have ended by now. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Sends SIGSTOP and waits until it has come to each thread: on a busy machine one of them goes on for a moment, and answers.
 * Only Linux tells; elsewhere it does not wait.
 */
export function stopProcess(pid: number): void {
  send(pid, 'SIGSTOP');
  const end = performance.now() + PATIENCE_MS;
  while (!isStopped(pid) && performance.now() < end) Atomics.wait(clock, 0, 0, 1);
}

function isStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return true;
  // One that has ended meanwhile is gone from there, or is a zombie.
  return readdirSync(tasks).every((task) => ['T', 'Z', undefined].includes(stateOf(`${tasks}/${task}/stat`)));
}

function stateOf(file: string): string | undefined {
  try {
    return /\) (\w) /.exec(readFileSync(file, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
