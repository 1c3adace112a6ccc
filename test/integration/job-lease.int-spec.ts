import type { Database, Statement } from '../../src/database/database.js';
import { JobLease } from '../../src/jobs/job-lease.js';
import type { Run } from '../../src/jobs/job-lease.js';
import { TestStore, soon } from '../support/store.js';

const JOB = 'sweep';
const HOUR_MS = 3_600_000;

describe('The lease of a job', () => {
  let store: TestStore;
  let databases: Database[];
  let leases = 0;

  beforeAll(async () => {
    store = await TestStore.open();
    databases = [store.process().database, store.process().database];
  });
  afterAll(() => store[Symbol.asyncDispose]());
  beforeEach(() => store.query('DELETE FROM job_leases'));

  /** Of another process each time. */
  const lease = (database = databases[leases++ % 2] ?? store.process().database) => new JobLease(database, JOB);
  const take = (one: JobLease) => one.take(HOUR_MS, soon());
  const taken = async (one: JobLease): Promise<Run> => {
    const run = await take(one);
    if (!run) throw new Error('The job is not due.');
    return run;
  };
  const shift = (column: string, by: string) =>
    store.query(`UPDATE job_leases SET ${column} = ${column} + interval '${by}'`);

  it('goes to one of many that ask at once', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => take(lease())));
    expect(runs.filter((run) => run !== undefined)).toHaveLength(1);
  });

  it('would go to several without its guard', async () => {
    const unguarded = ({ name, text }: Statement): Statement => ({
      name: `unguarded-${name}`,
      text: text.replace('AND NOT expires_at BETWEEN now() AND', 'AND now() <'),
    });
    const database = databases[0] as Database;
    const query: Database['query'] = (statement, values, deadline) => {
      if (statement.name === 'take-job-lease') expect(unguarded(statement).text).not.toBe(statement.text);
      return database.query(unguarded(statement), values, deadline);
    };
    const open = Object.create(database, { query: { value: query } }) as Database;
    const runs = await Promise.all([take(lease(open)), take(lease(open))]);
    expect(runs.filter((run) => run !== undefined)).toHaveLength(2);
  });

  it('is free for nobody before the period of a run that came to its end is over', async () => {
    const [one, other] = [lease(), lease()];
    await one.giveBack(await taken(one), true, soon());
    expect([await take(one), await take(other)]).toEqual([undefined, undefined]);
    await shift('last_run_at', '-59 minutes');
    expect(await take(other)).toBeUndefined();
    await shift('last_run_at', '-2 minutes');
    expect(await take(other)).toBeDefined();
  });

  it('counts the period from the start of the run', async () => {
    const one = lease();
    const run = await taken(one);
    await one.giveBack(run, true, soon());
    expect(await store.query('SELECT last_run_at FROM job_leases')).toEqual([{ last_run_at: run.takenAt }]);
  });

  it('is free at once after a run that did not come to its end, which leaves the one before it the last', async () => {
    const [one, other] = [lease(), lease()];
    await one.giveBack(await taken(one), true, soon());
    await shift('last_run_at', '-2 hours');
    const before = await store.query('SELECT last_run_at FROM job_leases');
    await one.giveBack(await taken(one), false, soon());
    expect(await store.query('SELECT last_run_at FROM job_leases')).toEqual(before);
    expect(await take(other)).toBeDefined();
  });

  it('stays with its holder as long as that renews it', async () => {
    const [holder, other] = [lease(), lease()];
    const run = await taken(holder);
    await shift('expires_at', '-29 seconds');
    expect(await holder.renew(run, soon())).toBe(true);
    await shift('expires_at', '-29 seconds');
    expect(await take(other)).toBeUndefined();
  });

  it('passes on when it has expired, and the former holder can neither renew it nor give it back', async () => {
    const [former, present, third] = [lease(), lease(), lease()];
    const run = await taken(former);
    await shift('expires_at', '-31 seconds');
    const next = await taken(present);
    expect(BigInt(next.epoch)).toBe(BigInt(run.epoch) + 1n);
    expect(await former.renew(run, soon())).toBe(false);
    await former.giveBack(run, true, soon());
    expect(await take(third)).toBeUndefined();
    expect(await present.renew(next, soon())).toBe(true);
  });

  it('is not renewed for a run by a later run of the same process', async () => {
    const holder = lease();
    const run = await taken(holder);
    await shift('expires_at', '-31 seconds');
    await taken(holder);
    expect(await holder.renew(run, soon())).toBe(false);
  });

  it.each(['expires_at', 'last_run_at'])(
    'is free when its %s lies too far ahead: the clock was set back',
    async (time) => {
      const [one, other] = [lease(), lease()];
      const run = await taken(one);
      if (time === 'last_run_at') await one.giveBack(run, true, soon());
      expect(await take(other)).toBeUndefined();
      await shift(time, '3 days');
      expect(await take(other)).toBeDefined();
    },
  );
});
