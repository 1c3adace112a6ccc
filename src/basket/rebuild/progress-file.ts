import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { NO_PROGRESS } from './rebuild.js';
import type { Progress } from './rebuild.js';

/**
 * Where a rebuild is, in a file that is replaced as a whole after each page: whatever ends the process, the same command
 * goes on where it was. A page that was under way is done once more, which does no harm.
 */
export class ProgressFile {
  private readonly work: string;

  /** @param work what the progress belongs to: the database, and what is done to it */
  constructor(
    private readonly path: string,
    work: readonly string[],
  ) {
    // A digest: the name of a database may hold a password.
    this.work = createHash('sha256').update(JSON.stringify(work)).digest('hex');
  }

  /** Undefined when there is none of the same work. */
  read(): Progress | undefined {
    try {
      const { work, ...progress } = JSON.parse(readFileSync(this.path, 'utf8')) as Progress & { work: string };
      return work === this.work ? { ...NO_PROGRESS, ...progress } : undefined;
    } catch {
      return undefined;
    }
  }

  /** @throws Error when the file cannot be written */
  write(progress: Progress): void {
    const next = `${this.path}.next`;
    writeFileSync(next, JSON.stringify({ work: this.work, ...progress }));
    renameSync(next, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
