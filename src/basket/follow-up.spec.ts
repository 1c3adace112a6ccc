import { NOTEBOOK } from '../../test/support/given.js';
import type { StoredEvent } from '../event-store/stored-event.js';
import { FollowUp } from './follow-up.js';
import type { MergeCompletion, StoredMerge } from './merge-completion.js';
import { MemoryBasketCache } from './persistence/memory-basket-cache.js';

const MERGE = { fromUserName: 'guest', fromBasketId: 'b', fromVersion: 3, strategy: 'sum', items: [NOTEBOOK] };

const event = (stream: string, version: number, type = 'BasketItemAdded', data: unknown = NOTEBOOK) =>
  ({ stream, version, type, data }) as StoredEvent;

function following(hasCache = true) {
  const dropped: [string, number][] = [];
  const completed: StoredMerge[] = [];
  const cache = new MemoryBasketCache(300);
  cache.drop = (userName, version) => Promise.resolve(void dropped.push([userName, version]));
  const completion = {
    complete: (merge: StoredMerge) => Promise.resolve(void completed.push(merge)),
  } as unknown as MergeCompletion;
  return { followUp: new FollowUp(hasCache ? cache : null, completion), dropped, completed };
}

describe('After events', () => {
  it('the cache drops what is older than the newest of each basket, in whatever order they come', async () => {
    const { followUp, dropped, completed } = following();
    await followUp.after([event('alice', 3), event('bob', 7), event('alice', 5), event('alice', 4)]);
    expect(dropped).toEqual([
      ['alice', 5],
      ['bob', 7],
    ]);
    expect(completed).toEqual([]);
  });

  it.each([true, false])('each merge is completed, with a cache or without: %j', async (hasCache) => {
    const { followUp, dropped, completed } = following(hasCache);
    await followUp.after([event('alice', 3), event('alice', 4, 'BasketsMerged', MERGE)]);
    expect(completed).toEqual([{ ...MERGE, userName: 'alice', version: 4 }]);
    expect(dropped).toEqual(hasCache ? [['alice', 4]] : []);
  });

  it('nothing follows from none', async () => {
    const { followUp, dropped } = following();
    await followUp.after([]);
    expect(dropped).toEqual([]);
  });
});
