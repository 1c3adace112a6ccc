import type { ProjectionRecord, SnapshotRecord, StreamFold } from './stream-fold.js';

/** How what is stored of a user differs from what the events say. */
export interface Differences {
  readonly projection: 'missing' | 'different' | 'stray' | undefined;
  /** The versions of snapshots that are missing or different. */
  readonly wrongSnapshots: readonly number[];
  /** The versions of snapshots that should not be there. */
  readonly straySnapshots: readonly number[];
}

export const isNone = ({ projection, wrongSnapshots, straySnapshots }: Differences): boolean =>
  projection === undefined && wrongSnapshots.length === 0 && straySnapshots.length === 0;

/** @param fold of all events of the user that were stored when the rows were read, in one and the same snapshot */
export function differencesOf(
  fold: StreamFold,
  row: ProjectionRecord | undefined,
  snapshots: readonly SnapshotRecord[],
): Differences {
  const byVersion = new Map(snapshots.map((snapshot) => [snapshot.version, snapshot]));
  return {
    projection: differenceOf(fold.projection, row),
    wrongSnapshots: [...fold.snapshots].flatMap(([version, expected]) => {
      const found = byVersion.get(version);
      const same = found?.digest === expected.digest && sameTime(found.created_at, expected.created_at);
      return same ? [] : [version];
    }),
    straySnapshots: [...byVersion.keys()].filter((version) => !fold.snapshots.has(version)),
  };
}

function differenceOf(expected: ProjectionRecord | undefined, found: ProjectionRecord | undefined) {
  if (!expected) return found && ('stray' as const);
  if (!found) return 'missing' as const;
  const same =
    found.basket_id === expected.basket_id &&
    found.status === expected.status &&
    found.version === expected.version &&
    found.json === expected.json &&
    found.last_event_id === expected.last_event_id &&
    sameTime(found.updated_at, expected.updated_at) &&
    sameTime(found.active_hour, expected.active_hour) &&
    found.total_items === expected.total_items &&
    found.total_price === expected.total_price;
  return same ? undefined : ('different' as const);
}

const sameTime = (one: Date | null, other: Date | null): boolean => one?.getTime() === other?.getTime();
