import type { StoredEvent } from '../event-store/stored-event.js';
import type { BasketsMerged } from './domain/basket.events.js';
import type { MergeCompletion } from './merge-completion.js';
import type { BasketCache } from './persistence/basket-cache.js';

/**
 * What has to follow from an event, whether or not the process that stored it lived to see to it. The relay calls it
 * for every event, at least once.
 */
export class FollowUp {
  constructor(
    private readonly cache: BasketCache | null,
    private readonly completion: MergeCompletion,
  ) {}

  async after(events: readonly StoredEvent[]): Promise<void> {
    const versions = new Map<string, number>();
    for (const { stream, version } of events) versions.set(stream, Math.max(version, versions.get(stream) ?? 0));
    const { cache } = this;
    if (cache) await Promise.all([...versions].map(([userName, version]) => cache.drop(userName, version)));
    for (const { type, stream, version, data } of events)
      if (type === 'BasketsMerged')
        await this.completion.complete({ ...(data as BasketsMerged), userName: stream, version });
  }
}
