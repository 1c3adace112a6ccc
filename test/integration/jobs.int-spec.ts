import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Database } from '../../src/database/database.js';
import { Jobs } from '../../src/jobs/jobs.js';
import type { Job } from '../../src/jobs/jobs.js';
import { TestStore } from '../support/store.js';

const HOUR_MS = 3_600_000;

describe('Jobs', () => {
  let store: TestStore;
  let database: Database;

  beforeAll(async () => {
    store = await TestStore.open();
    ({ database } = store.process());
  });
  afterAll(() => store[Symbol.asyncDispose]());
  beforeEach(() => store.query('DELETE FROM job_leases'));
  afterEach(() => jest.restoreAllMocks());

  const process = (jobs: readonly Job[], renewMs?: number) => new Jobs(database, jobs, renewMs);
  const job = (run: Job['run'], change: Partial<Job> = {}): Job => ({ name: 'job', everyMs: HOUR_MS, run, ...change });
  const isDueAgain = () => store.query("UPDATE job_leases SET last_run_at = last_run_at - interval '2 hours'");

  it('run in one process at a time, and once a period', async () => {
    let [under, most, runs] = [0, 0, 0];
    const counting = job(async () => {
      most = Math.max(most, ++under);
      await setTimeout(20);
      under--;
      runs++;
    });
    const processes = Array.from({ length: 4 }, () => process([counting]));
    const tick = () => Promise.all(processes.map((one) => one.tick()));
    for (let round = 1; round <= 3; round++) {
      await tick();
      await tick();
      expect({ runs, most }).toEqual({ runs: round, most: 1 });
      await isDueAgain();
    }
  });

  it('do not wait for each other', async () => {
    const done = Promise.withResolvers<undefined>();
    const jobs = process([
      job(() => done.promise, { name: 'slow' }),
      job(
        () => {
          done.resolve(undefined);
          return done.promise;
        },
        { name: 'quick' },
      ),
    ]);
    await jobs.tick();
  });

  it('are not started again while they run, nor when they are switched off', async () => {
    const end = Promise.withResolvers<undefined>();
    let starts = 0;
    const jobs = process([
      job(() => (starts++, end.promise)),
      job(() => Promise.reject(new Error('switched off')), { name: 'off', everyMs: 0 }),
    ]);
    const first = jobs.tick();
    await jobs.tick();
    end.resolve(undefined);
    await first;
    expect(starts).toBe(1);
    expect(await store.query('SELECT job FROM job_leases')).toEqual([{ job: 'job' }]);
  });

  it('are due still when they failed, which is told once until they run again', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    let fails = true;
    const run = jest.fn(() => (fails ? Promise.reject(new Error('no luck')) : Promise.resolve()));
    const jobs = process([job(run)]);
    for (let n = 0; n < 3; n++) await jobs.tick();
    expect(run).toHaveBeenCalledTimes(3);
    expect(warn.mock.calls).toEqual([['The job job failed: no luck']]);
    fails = false;
    await jobs.tick();
    await jobs.tick();
    expect(run).toHaveBeenCalledTimes(4);
    fails = true;
    await isDueAgain();
    await jobs.tick();
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('are told to stop, leave the rest to another process, and are not started any more', async () => {
    const started = Promise.withResolvers<undefined>();
    const jobs = process([
      job(async (signal) => {
        started.resolve(undefined);
        await once(signal, 'abort');
      }),
    ]);
    const tick = jobs.tick();
    await started.promise;
    await jobs.stop();
    await tick;
    await jobs.tick();
    const other = jest.fn(() => Promise.resolve());
    await process([job(other)]).tick();
    expect(other).toHaveBeenCalledTimes(1);
  });

  it('are told when another process has taken over', async () => {
    const jobs = process(
      [
        job(async (signal) => {
          await store.query('UPDATE job_leases SET epoch = epoch + 1');
          if (!signal.aborted) await once(signal, 'abort');
        }),
      ],
      10,
    );
    await jobs.tick();
    expect(await store.query('SELECT last_run_at FROM job_leases')).toEqual([{ last_run_at: null }]);
  });
});
