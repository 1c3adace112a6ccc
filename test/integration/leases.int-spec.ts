import { jest } from '@jest/globals';
import type { Database, Statement } from '../../src/database/database.js';
import { BUCKETS } from '../../src/outbox/buckets.js';
import { HOLD_MS, LEASE_MS, Leases } from '../../src/outbox/leases.js';
import { openStore } from '../support/outbox.js';
import type { Store } from '../support/outbox.js';
import { soon } from '../support/store.js';

const START = Date.UTC(2026, 0, 1);

describe('Leases of buckets', () => {
  let store: Store;
  /** Of the database; its clock and the monotonic ones of all owners go alike. */
  let time: number;

  type Change = (statement: Statement) => Statement;

  /** The database with the clock of the test; right before a statement of this name something may happen. */
  const clocked = (name?: string, happen?: () => Promise<void>, change: Change = (statement) => statement) => {
    const hooked = Object.create(store.database) as Database;
    let happened = false;
    hooked.query = (async (statement, values, deadline) => {
      if (statement.name === name && happen && !happened) {
        happened = true;
        await happen();
      }
      const asked = time;
      const result = await store.database.query(
        statement.name === name ? change(statement) : statement,
        values,
        deadline,
      );
      const rows = result.rows.map((row) => ('read_at' in row ? { ...row, read_at: new Date(START + asked) } : row));
      return { ...result, rows };
    }) as Database['query'];
    return hooked;
  };
  const leases = (database = clocked()) => new Leases(database, () => time);
  const owners = (count: number) => Array.from({ length: count }, () => leases());
  const balance = async (...all: Leases[]) => {
    for (const one of all) await one.balance(soon());
  };
  const heldTwice = (...all: Leases[]) =>
    Array.from({ length: BUCKETS }, (_, bucket) => all.filter((one) => one.holds(bucket)).length).filter(
      (holders) => holders > 1,
    ).length;
  const sizes = (...all: Leases[]) => all.map(({ buckets }) => buckets.length);

  beforeAll(async () => {
    store = await openStore();
  });

  afterAll(() => store.close());

  beforeEach(async () => {
    await store.empty();
    time = 0;
  });

  it('are all taken at once by the only owner', async () => {
    const [only] = owners(1) as [Leases];
    await balance(only);
    expect(only.buckets.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, bucket) => bucket));
    expect(only.holds(0)).toBe(true);
  });

  it.each([2, 3])('come to a fair share with %i owners, the later ones too, and stay where they are', async (count) => {
    const all = owners(count);
    for (let round = 0; round < 6; round++) {
      await balance(...all);
      expect(heldTwice(...all)).toBe(0);
      time += 2000;
    }
    const share = Math.ceil(BUCKETS / count);
    expect(Math.max(...sizes(...all))).toBeLessThanOrEqual(share);
    expect(sizes(...all).reduce((a, b) => a + b)).toBe(BUCKETS);
    const settled = all.map(({ buckets }) => buckets.toSorted());
    await balance(...all);
    expect(all.map(({ buckets }) => buckets.toSorted())).toEqual(settled);
  });

  it('never have two holders, whatever order and pauses the owners come in', async () => {
    const all = owners(3);
    for (let step = 0; step < 60; step++) {
      // A fixed sequence that mixes all owners with pauses shorter and longer than a lease.
      const one = all[(step * 7 + (step >> 2)) % 3] ?? leases();
      if (step % 11 === 5) await one.release(soon());
      else await one.balance(soon());
      expect(heldTwice(...all)).toBe(0);
      time += [100, 2000, 700, 4900, 5100, 0, 10_100][(step * 5) % 7] ?? 0;
      expect(heldTwice(...all)).toBe(0);
    }
  });

  it('are not held any more, as far as their holder is concerned, well before others may take them', async () => {
    const [holder, other] = owners(2) as [Leases, Leases];
    await balance(holder);
    time += HOLD_MS;
    expect(sizes(holder)).toEqual([0]);
    await balance(other);
    expect(sizes(other)).toEqual([0]);
  });

  it('go to another owner when they have expired', async () => {
    const [gone, other] = owners(2) as [Leases, Leases];
    await balance(gone);
    time += LEASE_MS;
    await balance(other);
    expect(sizes(gone, other)).toEqual([0, BUCKETS]);
    await balance(gone);
    expect(heldTwice(gone, other)).toBe(0);
  });

  it('stay with their owner as long as it renews them', async () => {
    const [holder, other] = owners(2) as [Leases, Leases];
    await balance(holder);
    const first = holder.buckets;
    for (let round = 0; round < 10; round++) {
      time += 2000;
      await balance(holder);
      expect(holder.buckets).toEqual(expect.arrayContaining(first));
    }
    await balance(other);
    expect(sizes(other)).toEqual([0]);
  });

  it('are free at once when they are released', async () => {
    const [leaving, other] = owners(2) as [Leases, Leases];
    await balance(leaving);
    await leaving.release(soon());
    expect(sizes(leaving)).toEqual([0]);
    await balance(other);
    expect(sizes(other)).toEqual([BUCKETS]);
  });

  it('that a former holder releases stay with the present one', async () => {
    const [former, present, third] = owners(3) as [Leases, Leases, Leases];
    await balance(former);
    time += LEASE_MS;
    await balance(present);
    await former.release(soon());
    await balance(third);
    expect(sizes(former, present, third)).toEqual([0, BUCKETS, 0]);
  });

  it('go to one of two owners that found the same ones expired', async () => {
    const [gone, faster] = owners(2) as [Leases, Leases];
    await balance(gone);
    time += LEASE_MS;
    const slower = leases(clocked('take-leases', () => faster.balance(soon())));
    await slower.balance(soon());
    expect(heldTwice(faster, slower)).toBe(0);
    expect(faster.buckets.length).toBeGreaterThan(0);
  });

  it('would go to both without the condition on what was seen (negative control)', async () => {
    const [gone, faster] = owners(2) as [Leases, Leases];
    await balance(gone);
    time += LEASE_MS;
    const unguarded = (statement: Statement): Statement => ({
      name: 'unguarded',
      text: statement.text.replace(/AND lease.epoch = .*?(?=RETURNING)/s, ''),
    });
    const slower = leases(clocked('take-leases', () => faster.balance(soon()), unguarded));
    await slower.balance(soon());
    expect(heldTwice(faster, slower)).toBeGreaterThan(0);
  });

  it('that are renewed at the last moment cannot be taken by who saw them expire', async () => {
    const [holder] = owners(1) as [Leases];
    await balance(holder);
    time += LEASE_MS - 1;
    const renewedLate = leases(
      clocked('take-leases', async () => {
        // The holder's own clock and statements are a moment behind.
        time -= 1;
        await holder.balance(soon());
        time += 1;
      }),
    );
    time += 1;
    await renewedLate.balance(soon());
    expect(sizes(holder, renewedLate)).toEqual([BUCKETS, 0]);
  });

  it('are no longer held, however late the answer to their renewal comes, than since it was asked for', async () => {
    const slow = leases(clocked('renew-leases', () => Promise.resolve(void (time += HOLD_MS))));
    await slow.balance(soon());
    expect(sizes(slow)).toEqual([0]);
  });

  it('are not held longer because the wall clock jumps', async () => {
    const [holder] = owners(1) as [Leases];
    const jump = jest.spyOn(Date, 'now').mockReturnValue(0);
    try {
      await balance(holder);
      time += HOLD_MS;
      expect(sizes(holder)).toEqual([0]);
      const [other] = owners(1) as [Leases];
      await balance(other);
      expect(sizes(other)).toEqual([0]);
    } finally {
      jump.mockRestore();
    }
  });

  it('that were written before the clock of the database was set back are not kept for as long as that', async () => {
    const [gone, other] = owners(2) as [Leases, Leases];
    time = 3_600_000;
    await balance(gone);
    time = 0;
    await balance(other);
    expect(sizes(other)).toEqual([BUCKETS]);
  });

  it('are shared with an owner that has none yet', async () => {
    const [first, second, late] = owners(3) as [Leases, Leases, Leases];
    for (let round = 0; round < 3; round++) await balance(first, second);
    await balance(late);
    expect(sizes(late)).toEqual([0]);
    await balance(first, second, late);
    expect(Math.min(...sizes(first, second, late))).toBeGreaterThan(BUCKETS / 3 - 3);
  });

  it('leave no trace of owners that are gone', async () => {
    for (let owner = 0; owner < 5; owner++) {
      const [gone] = owners(1) as [Leases];
      await balance(gone);
      if (owner % 2 === 0) await gone.release(soon());
      time += LEASE_MS;
    }
    const [last] = owners(1) as [Leases];
    await balance(last, last);
    const { rows } = await store.query<{ owner: string }>('SELECT owner FROM outbox_leases WHERE bucket < 0');
    expect(rows).toEqual([{ owner: last.owner }]);
  });
});
