import type { Database, Statement } from '../../src/database/database.js';
import { BUCKETS } from '../../src/outbox/buckets.js';
import { LEASE_MS, Leases } from '../../src/outbox/leases.js';
import { openStore } from '../support/outbox.js';
import { soon } from '../support/store.js';
import type { Store } from '../support/outbox.js';

const START = Date.UTC(2026, 0, 1);

describe('Leases of buckets', () => {
  let store: Store;
  let time: number;

  const leases = (database = store.database) => new Leases(database, () => time);
  const owners = (count: number) => Array.from({ length: count }, () => leases());
  const balance = async (...all: Leases[]) => {
    for (const one of all) await one.balance(soon());
  };
  const heldTwice = (...all: Leases[]) =>
    Array.from({ length: BUCKETS }, (_, bucket) => all.filter((one) => one.holds(bucket)).length).filter(
      (holders) => holders > 1,
    ).length;
  const sizes = (...all: Leases[]) => all.map(({ buckets }) => buckets.length);

  /** A database on which something happens right before a statement of this name. */
  const before = (name: string, happen: () => Promise<void>, change = (statement: Statement) => statement) => {
    const hooked = Object.create(store.database) as Database;
    let happened = false;
    hooked.query = async <Row extends Record<string, unknown>>(
      statement: Statement,
      values: unknown[],
      deadline: number,
    ) => {
      if (statement.name !== name) return await store.database.query<Row>(statement, values, deadline);
      if (!happened) {
        happened = true;
        await happen();
      }
      const { text, ...rest } = change(statement);
      const parameters = new Set(text.match(/\$\d/g)).size;
      return await store.database.query<Row>({ ...rest, text }, values.slice(0, parameters), deadline);
    };
    return hooked;
  };

  beforeAll(async () => {
    store = await openStore();
  });

  afterAll(() => store.close());

  beforeEach(async () => {
    await store.empty();
    time = START;
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
    time += LEASE_MS / 2;
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
    const slower = leases(before('take-lease', () => faster.balance(soon())));
    await slower.balance(soon());
    expect(heldTwice(faster, slower)).toBe(0);
    expect(faster.buckets.length).toBeGreaterThan(0);
  });

  it('would go to both without the condition on the epoch (negative control)', async () => {
    const [gone, faster] = owners(2) as [Leases, Leases];
    await balance(gone);
    time += LEASE_MS;
    const unguarded = (statement: Statement): Statement => ({
      name: 'unguarded',
      text: statement.text.replace(/epoch = \$3.*/s, '$3::bigint IS NOT NULL'),
    });
    const slower = leases(before('take-lease', () => faster.balance(soon()), unguarded));
    await slower.balance(soon());
    expect(heldTwice(faster, slower)).toBeGreaterThan(0);
  });

  it('that are renewed at the last moment cannot be taken by who saw them expire', async () => {
    const [holder] = owners(1) as [Leases];
    await balance(holder);
    time += LEASE_MS - 1;
    // The holder reads its leases while they last; the other one reads them a moment later, but acts first.
    const other = new Leases(
      before('take-lease', () => holder.balance(soon())),
      () => time + 2,
    );
    await other.balance(soon());
    expect(heldTwice(holder, other)).toBe(0);
  });
});
