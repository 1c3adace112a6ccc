import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * PGlite itself lets two processes open, and ruin, one folder. SQLite's exclusive lock on a file is the kernel's: it
 * ends with its process, however that ends, and no two processes ever have it.
 *
 * @returns what unlocks it
 * @throws Error that names the process that holds it
 */
export function lockFolder(folder: string): () => void {
  const holder = join(folder, 'holder');
  const lock = new DatabaseSync(join(folder, 'lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new Error(
      `Process ${nameIn(holder)} has the embedded database in ${folder} open. Stop it, or set DATABASE_DIR or DATABASE_URL.`,
    );
  }
  // Only for the message above.
  writeFileSync(holder, String(process.pid));
  return () => {
    if (lock.isOpen) lock.close();
  };
}

function nameIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '(just started)';
  }
}
