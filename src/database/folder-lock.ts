import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const heldHere = new Set<string>();

/**
 * PGlite itself lets two processes open, and ruin, one folder.
 *
 * @returns what unlocks it
 * @throws Error when a process that is alive, or this one, holds the lock
 */
export function lockFolder(folder: string): () => void {
  const file = join(folder, 'lock');
  for (;;) {
    try {
      writeFileSync(file, identityOf(process.pid), { flag: 'wx' });
      heldHere.add(file);
      return () => {
        heldHere.delete(file);
        rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readFileSync(file, 'utf8');
    const pid = Number.parseInt(holder, 10);
    // In a container every process may have the same id, so that our own id in the file may be a dead one's.
    const held = pid === process.pid ? heldHere.has(file) : isAlive(pid) && identityOf(pid) === holder;
    if (held)
      throw new Error(
        `Process ${pid} has the embedded database in ${folder} open. Stop it, or set DATABASE_DIR or DATABASE_URL.`,
      );
    rmSync(file, { force: true });
  }
}

/** The process id and, where /proc tells, its start time: ids are used again. */
function identityOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 22, counted from behind the command, which may hold spaces (proc(5)).
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return `${pid} `;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
