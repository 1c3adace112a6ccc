import { setTimeout } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Database } from '../database/database.js';
import { JobLease, LEASE_MS } from './job-lease.js';
import type { Run } from './job-lease.js';

/** How often each process asks whether a job is due. */
const TICK_MS = 5000;
const STATEMENT_MS = 5000;
/** How long a stop waits for the jobs that are told of it. */
const STOP_MS = 2000;

/** Work that one of all processes does once in a while. */
export interface Job {
  readonly name: string;
  /** From the start of one run to that of the next; 0 switches the job off. */
  readonly everyMs: number;
  /** @param signal tells to stop soon, which is no failure */
  run(signal: AbortSignal): Promise<void>;
}

/** Runs jobs when they are due: one process at a time, whichever asks first. What failed is due still. */
export class Jobs {
  private readonly logger = new Logger(Jobs.name);
  private readonly stopping = new AbortController();
  private readonly running = new Map<Job, Promise<void>>();
  private readonly failing = new Set<Job>();
  private readonly leases: ReadonlyMap<Job, JobLease>;

  /** @param renewMs time between renewals of the lease of a job that runs */
  constructor(
    database: Database,
    jobs: readonly Job[],
    private readonly renewMs = LEASE_MS / 3,
  ) {
    this.leases = new Map(jobs.map((job) => [job, new JobLease(database, job.name)]));
  }

  /** Resolves when what was due, and not under way already, is done. */
  @Interval(TICK_MS)
  async tick(): Promise<void> {
    await Promise.all([...this.leases].map(([job, lease]) => this.runOnce(job, lease)));
  }

  /** Before the database goes. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.race([Promise.all(this.running.values()), setTimeout(STOP_MS, undefined, { ref: false })]);
  }

  private async runOnce(job: Job, lease: JobLease): Promise<void> {
    if (job.everyMs === 0 || this.running.has(job) || this.stopping.signal.aborted) return;
    const run = this.runIfDue(job, lease).then(
      () => this.failing.delete(job),
      (error: unknown) => {
        // Once: as long as the database is away it fails at each tick.
        if (!this.failing.has(job)) this.logger.warn(`The job ${job.name} failed: ${(error as Error).message}`);
        this.failing.add(job);
      },
    );
    this.running.set(
      job,
      run.then(() => undefined),
    );
    await run;
    this.running.delete(job);
  }

  private async runIfDue(job: Job, lease: JobLease): Promise<void> {
    const run = await lease.take(job.everyMs, deadline());
    if (!run) return;
    const { signal, release } = this.keep(lease, run);
    let isDone = false;
    try {
      await job.run(signal);
      isDone = !signal.aborted;
    } finally {
      release();
      await lease.giveBack(run, isDone, deadline());
    }
  }

  /** Renews the lease; the signal tells when it was lost or the process stops. */
  private keep(lease: JobLease, run: Run) {
    const lost = new AbortController();
    const renew = async () => {
      const renewed = await lease.renew(run, deadline());
      if (!renewed) lost.abort();
    };
    // A renewal that fails is tried again; without a database the job does not get far either.
    const timer = setInterval(() => void renew().catch(() => undefined), this.renewMs);
    return { signal: AbortSignal.any([lost.signal, this.stopping.signal]), release: () => clearInterval(timer) };
  }
}

const deadline = (): number => performance.now() + STATEMENT_MS;
