import { randomUUID } from 'node:crypto';
import type { Database, Statement } from '../database/database.js';

/** Others may take over when the database's clock is this far past the last renewal. */
export const LEASE_MS = 30_000;
const LEASE = `${LEASE_MS} milliseconds`;

const OPEN: Statement = {
  name: 'open-job-lease',
  text: `INSERT INTO job_leases (job, owner, epoch, expires_at) VALUES ($1, $2, 0, 'epoch')
         ON CONFLICT (job) DO NOTHING`,
};

/**
 * The guard: the job is neither held nor was it run within its period. Of several processes one finds it so; the others
 * wait for its write and then see it, with a `now()` that may be a little older than that of the write. A time that lies
 * further ahead was written before the clock was set back, and holds nothing.
 */
const TAKE: Statement = {
  name: 'take-job-lease',
  text: `UPDATE job_leases
         SET owner = $2, epoch = epoch + 1, expires_at = now() + $3::interval
         WHERE job = $1
           AND NOT expires_at BETWEEN now() AND now() + 2 * $3::interval
           AND (last_run_at BETWEEN now() - $4::interval AND now() + $3::interval) IS NOT TRUE
         RETURNING epoch, now() AS taken_at`,
};

const RENEW: Statement = {
  name: 'renew-job-lease',
  text: `UPDATE job_leases SET expires_at = now() + $4::interval
         WHERE job = $1 AND owner = $2 AND epoch = $3`,
};

const GIVE_BACK: Statement = {
  name: 'give-back-job-lease',
  text: `UPDATE job_leases SET expires_at = 'epoch', last_run_at = coalesce($4, last_run_at)
         WHERE job = $1 AND owner = $2 AND epoch = $3`,
};

const LAST_RUN: Statement = {
  name: 'last-run-of-job',
  text: 'SELECT last_run_at FROM job_leases WHERE job = $1',
};

/** @returns when the last run began that came to its end; undefined before the first */
export async function lastRunOf(database: Database, job: string, deadline: number): Promise<Date | undefined> {
  const { rows } = await database.query<{ last_run_at: Date | null }>(LAST_RUN, [job], deadline);
  return rows[0]?.last_run_at ?? undefined;
}

export interface Run {
  /** Tells this run from every other one of the job. */
  readonly epoch: string;
  /** By the database's clock. */
  readonly takenAt: Date;
}

/**
 * The right to run one job: one process at a time has it, and once a period. All times are the database's. It saves
 * work: a job has to be right, too, when a process that stood still goes on with a lease that others have by then.
 */
export class JobLease {
  private readonly owner = randomUUID();
  private isThere = false;

  constructor(
    private readonly database: Database,
    private readonly job: string,
  ) {}

  /** @returns undefined when another process runs the job, or did within the period */
  async take(periodMs: number, deadline: number): Promise<Run | undefined> {
    if (!this.isThere) await this.database.query(OPEN, [this.job, this.owner], deadline);
    this.isThere = true;
    const values = [this.job, this.owner, LEASE, `${periodMs} milliseconds`];
    const { rows } = await this.database.query<{ epoch: string; taken_at: Date }>(TAKE, values, deadline);
    return rows[0] && { epoch: rows[0].epoch, takenAt: rows[0].taken_at };
  }

  /** @returns false when another process has taken over */
  async renew({ epoch }: Run, deadline: number): Promise<boolean> {
    const { rowCount } = await this.database.query(RENEW, [this.job, this.owner, epoch, LEASE], deadline);
    return rowCount === 1;
  }

  /** @param isDone whether the job was run to its end, so that it rests for its period */
  async giveBack({ epoch, takenAt }: Run, isDone: boolean, deadline: number): Promise<void> {
    await this.database.query(GIVE_BACK, [this.job, this.owner, epoch, isDone ? takenAt : null], deadline);
  }
}
