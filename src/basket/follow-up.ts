import type { StoredEvent } from '../event-store/stored-event.js';
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
    await Promise.all([...versions].map(([userName, version]) => this.cache?.drop(userName, version)));
    for (const event of events) await this.completeMerge(event);
  }

  private async completeMerge({ type, stream, version, data, metadata }: StoredEvent): Promise<void> {
    const { causationId } = metadata;
    if (type !== 'BasketsMerged' || typeof causationId !== 'string') return;
    const { fromUserName } = data as { fromUserName: string };
    await this.completion.complete({ userName: stream, version, fromUserName, causationId });
  }
}
