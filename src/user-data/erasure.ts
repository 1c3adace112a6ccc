/** What is there of a user, by the versions. */
export interface Holdings {
  /** Of the row of the projection. */
  readonly row: number | null;
  /** The newest of what else is stored. */
  readonly newest: number | null;
  /** Of an earlier erasure of the name. */
  readonly erased: number | null;
  /** Whether that one was cut short. */
  readonly isCutShort: boolean;
  /** Whether another user's stream names the user: the one of a guest who was merged into this one, or the other way round. */
  readonly isMentioned: boolean;
}

/**
 * The version that an erasure takes: above all that there are, so that whoever knows one of them sees that something has
 * happened, and the next basket begins behind it. One that was cut short goes on with its own; undefined when there is nothing to erase.
 */
export function erasureOf({ row, newest, erased, isCutShort, isMentioned }: Holdings): number | undefined {
  if (row === null && newest === null && !isCutShort && !isMentioned) return undefined;
  const last = Math.max(row ?? 0, newest ?? 0);
  return erased !== null && erased > last ? erased : last + 1;
}
