export interface Delivery {
  readonly messageId: string;
  readonly eventId: string;
  readonly stream: string;
  readonly version: number;
}

/**
 * What is wrong with deliveries, at least once and in version order within a stream being right.
 *
 * @param stored of each stream the ids of its events, in version order
 * @returns the faults, and how many deliveries were repeats, which is no fault
 */
export function checkDeliveries(stored: ReadonlyMap<string, readonly string[]>, deliveries: readonly Delivery[]) {
  const faults: string[] = [];
  const reached = new Map<string, number>();
  const seen = new Set<string>();
  let repeats = 0;
  for (const { messageId, eventId, stream, version } of deliveries) {
    const name = `${stream} ${version}`;
    if (stored.get(stream)?.[version - 1] !== eventId) faults.push(`${name} is not what was stored`);
    if (messageId !== eventId) faults.push(`${name} has a message id of its own`);
    if (seen.has(messageId)) {
      repeats++;
      continue;
    }
    seen.add(messageId);
    const before = reached.get(stream) ?? 0;
    if (version !== before + 1) faults.push(`${name} came behind ${before}`);
    reached.set(stream, Math.max(before, version));
  }
  for (const [stream, ids] of stored)
    for (const [index, id] of ids.entries()) if (!seen.has(id)) faults.push(`${stream} ${index + 1} is lost`);
  return { faults, repeats };
}
