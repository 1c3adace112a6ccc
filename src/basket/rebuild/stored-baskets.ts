import type { QueryRunner } from 'typeorm';
import { SNAPSHOT_EVERY } from '../../event-store/event-store.js';
import { Tombstones } from '../../event-store/tombstones.js';
import type { Tombstone } from '../../event-store/tombstones.js';
import type { Differences } from './differences.js';
import * as sql from './statements.js';
import { BrokenStreamError, StreamFold } from './stream-fold.js';
import type { EventRecord, ProjectionRecord, SnapshotRecord } from './stream-fold.js';

/** What bounds the memory: users at once, with one basket each, and events at once. */
const USERS = 100;
const EVENTS = 1000;

/** serialization_failure, deadlock_detected (appendix A of the PostgreSQL manual). */
const RETRYABLE: ReadonlySet<string> = new Set(['40001', '40P01']);

/** All that is stored of a user, as it was at one moment. */
export interface StoredUser {
  readonly userName: string;
  readonly fold: StreamFold | BrokenStreamError;
  readonly projection: ProjectionRecord | undefined;
  readonly snapshots: readonly SnapshotRecord[];
}

/** Reads and writes for a rebuild, over one connection of its own. */
export class StoredBaskets {
  /** @param tombstones of users who were erased */
  constructor(
    private readonly database: QueryRunner,
    private readonly tombstones = new Tombstones(),
  ) {}

  async count(): Promise<number> {
    const [row] = await this.query<{ users: number }>(sql.COUNT, []);
    return row?.users ?? 0;
  }

  /** The next users behind one. Their events and rows are read in one snapshot, so that they must agree. */
  async readBehind(userName: string): Promise<StoredUser[]> {
    return await this.inSnapshot(async () => {
      const names = await this.query<{ user_name: string }>(sql.NAMES, [userName, USERS]);
      return await this.readUsers(names.map(({ user_name }) => user_name));
    });
  }

  async read(userName: string): Promise<StoredUser | undefined> {
    const [user] = await this.inSnapshot(() => this.readUsers([userName]));
    return user;
  }

  /** @returns false when something happened to the user since it was read, so that it is to be read and looked at again */
  async mend(user: StoredUser, fold: StreamFold, differences: Differences): Promise<boolean> {
    try {
      await this.mendSnapshots(user.userName, differences);
      return !differences.projection || (await this.mendProjection(user, fold));
    } catch (error) {
      // One row is written, but in a queue with batches that write many it may be the one that a deadlock is ended by.
      if (RETRYABLE.has((error as { code?: string }).code ?? '')) return false;
      throw error;
    }
  }

  /** @returns false when something happened to the user since it was read; the row is as that left it then */
  async mendProjection({ userName, projection: found }: StoredUser, fold: StreamFold): Promise<boolean> {
    const { projection: right } = fold;
    if (!right) return await this.took(sql.DELETE_PROJECTION, [userName, found?.version]);
    const { basket_id, status, version, json, last_event_id, updated_at } = right;
    const figures = [right.active_hour, right.total_items, right.total_price];
    const values = [basket_id, status, version, json, last_event_id, updated_at, ...figures];
    return found
      ? await this.took(sql.REPLACE_PROJECTION, [userName, found.version, ...values])
      : await this.took(sql.CREATE_PROJECTION, [userName, ...values]);
  }

  private async mendSnapshots(userName: string, { wrongSnapshots, straySnapshots }: Differences): Promise<void> {
    if (straySnapshots.length > 0)
      await this.database.query(sql.DELETE_SNAPSHOTS, [userName, straySnapshots, SNAPSHOT_EVERY]);
    const wrong = new Set(wrongSnapshots);
    if (wrong.size === 0) return;
    // Once more, because their JSON was not kept.
    const fold = new StreamFold(userName, (await this.erasedVersions([userName])).get(userName));
    for await (const event of this.eventsOf(userName, userName)) {
      fold.add(event);
      const { version, occurred_at } = event;
      if (wrong.has(version)) await this.database.query(sql.PUT_SNAPSHOT, [userName, version, fold.json, occurred_at]);
    }
  }

  private async readUsers(names: readonly string[]): Promise<StoredUser[]> {
    const [first, last] = [names[0], names.at(-1)];
    if (first === undefined || last === undefined) return [];
    const erased = await this.erasedVersions(names);
    const folds = new Map<string, StreamFold | BrokenStreamError>(
      names.map((name) => [name, new StreamFold(name, erased.get(name))]),
    );
    for await (const event of this.eventsOf(first, last)) add(folds, event);
    const projections = await this.query<ProjectionRecord>(sql.PROJECTIONS, [names]);
    const snapshots = await this.query<SnapshotRecord>(sql.SNAPSHOTS, [names]);
    const rows = new Map(projections.map((row) => [row.user_name, row]));
    const snapshotsBy = Map.groupBy(snapshots, ({ user_name }) => user_name);
    return [...folds].map(([userName, fold]) => ({
      userName,
      fold,
      projection: rows.get(userName),
      snapshots: snapshotsBy.get(userName) ?? [],
    }));
  }

  private erasedVersions(names: readonly string[]): Promise<Map<string, number>> {
    return this.tombstones.versionsOf(names, (tombstones) => this.query<Tombstone>(sql.ERASED, [tombstones]));
  }

  private async *eventsOf(first: string, last: string): AsyncGenerator<EventRecord> {
    let [userName, version] = [first, 0];
    for (;;) {
      const events = await this.query<EventRecord>(sql.EVENTS, [userName, version, last, EVENTS]);
      yield* events;
      const end = events.at(-1);
      if (!end || events.length < EVENTS) return;
      ({ user_name: userName, version } = end);
    }
  }

  private async inSnapshot<T>(read: () => Promise<T>): Promise<T> {
    await this.database.startTransaction('REPEATABLE READ');
    try {
      return await read();
    } finally {
      // There is nothing to commit.
      await this.database.rollbackTransaction();
    }
  }

  private async took(statement: string, values: unknown[]): Promise<boolean> {
    const { records } = await this.database.query(statement, values, true);
    return records.length > 0;
  }

  private async query<Row>(statement: string, values: unknown[]): Promise<Row[]> {
    return (await this.database.query(statement, values)) as Row[];
  }
}

function add(folds: Map<string, StreamFold | BrokenStreamError>, event: EventRecord): void {
  const fold = folds.get(event.user_name);
  if (!(fold instanceof StreamFold)) return;
  try {
    fold.add(event);
  } catch (error) {
    if (!(error instanceof BrokenStreamError)) throw error;
    folds.set(event.user_name, error);
  }
}
