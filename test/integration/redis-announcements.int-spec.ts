import { jest } from '@jest/globals';
import { RedisAnnouncements } from '../../src/basket/persistence/redis-announcements.js';
import { RedisBasketCache } from '../../src/basket/persistence/redis-basket-cache.js';
import { connectRedis } from '../../src/basket/persistence/redis.js';
import { someUser } from '../support/app.js';
import { UNHURRIED_MS } from '../support/caches.js';
import { eventually } from '../support/eventually.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWith } from '../support/servers.js';

const TTL_SECONDS = 300;

/** Longer waits take a tenth of their time: it asks every few seconds. What it waits for an answer stays as it is. */
function hurry(): void {
  const start = globalThis.setTimeout;
  jest
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((go: () => void, ms = 0) => start(go, ms > 1000 ? ms / 10 : ms)) as typeof setTimeout);
}

describeWith(['redis'], 'What the cache is told', () => {
  describe.each([
    ['one Redis', () => RedisServer.start()],
    ['a cluster', () => RedisServer.startCluster()],
  ])('of versions, in %s,', (kind, start) => {
    let server: RedisServer;
    let cache: RedisBasketCache;
    let announcements: RedisAnnouncements;
    let heard: (readonly [string, number])[];
    let gaps: number;

    // A list of servers is a cluster.
    const urls = () => (kind === 'a cluster' ? [server.url, server.url] : [server.url]);
    const document = (version: number) => ({ version, json: `{"version":${version}}` });
    const isFollowed = (user: string, by = 1) =>
      eventually(async () => (await server.ask((redis) => redis.pubsub('NUMSUB', `basket:${user}`)))[1] === by);

    beforeAll(async () => {
      server = await start();
    });
    beforeEach(async () => {
      heard = [];
      gaps = 0;
      cache = new RedisBasketCache(connectRedis(urls()), TTL_SECONDS, UNHURRIED_MS);
      await eventually(() => cache.ping());
      announcements = new RedisAnnouncements(urls());
      announcements.listen(
        (...news) => void heard.push(news),
        () => {
          gaps++;
        },
      );
    });
    afterEach(async () => {
      jest.restoreAllMocks();
      announcements.close();
      await cache.close();
    });
    afterAll(() => server[Symbol.asyncDispose]());

    /** Everything that was announced before is heard when this is. */
    const settled = async () => {
      const marker = someUser('marker');
      announcements.follow(marker);
      await isFollowed(marker);
      await cache.drop(marker, 1);
      await eventually(() => heard.some(([user]) => user === marker));
      return heard.filter(([user]) => !user.startsWith('marker-'));
    };

    it('is announced whatever is in its place', async () => {
      const user = someUser('é basket:');
      announcements.follow(user);
      await isFollowed(user);
      await cache.put(user, document(1)); // nothing
      await cache.look(user);
      await cache.put(user, document(2)); // a lease
      const { lease = '' } = (await cache.look(user)) as { lease?: string };
      await cache.fill(user, document(2), lease);
      await cache.put(user, document(3)); // something older
      await cache.put(user, document(3)); // the same, which a reader may have put there
      expect(await settled()).toEqual([1, 2, 3, 3].map((version) => [user, version]));
      expect((await cache.look(user)).basket?.version).toBe(3);
    });

    it('is not announced when it is known to be old', async () => {
      const user = someUser();
      const { lease = '' } = (await cache.look(user)) as { lease?: string };
      await cache.fill(user, document(5), lease);
      announcements.follow(user);
      await isFollowed(user);
      await cache.put(user, document(4));
      await cache.drop(user, 5);
      await cache.drop(user, 4);
      expect(await settled()).toEqual([]);
      expect((await cache.look(user)).basket?.version).toBe(5);
    });

    it('is announced by a drop, which stands for a put that failed', async () => {
      const user = someUser();
      announcements.follow(user);
      await isFollowed(user);
      await cache.drop(user, 6); // nothing
      const { lease = '' } = (await cache.look(user)) as { lease?: string };
      await cache.fill(user, document(6), lease);
      await cache.drop(user, 7); // something older
      expect(await settled()).toEqual([
        [user, 6],
        [user, 7],
      ]);
      expect(await cache.look(user)).toMatchObject({ lease: expect.any(String) as string });
    });

    it('is heard of baskets that are followed, for as long as they are', async () => {
      const [one, other] = [someUser(), someUser()];
      announcements.follow(one);
      await isFollowed(one);
      await cache.put(other, document(1));
      await cache.put(one, document(1));
      expect(await settled()).toEqual([[one, 1]]);
      announcements.unfollow(one);
      await isFollowed(one, 0);
      await cache.put(one, document(2));
      expect(await settled()).toEqual([[one, 1]]);
    });

    it('is heard again after the connection was lost, which shows as a gap', async () => {
      const user = someUser();
      announcements.follow(user);
      await isFollowed(user);
      await eventually(() => announcements.isUp);
      expect(gaps).toBe(1);
      await server.ask((redis) => redis.client('KILL', 'TYPE', 'PUBSUB'));
      await eventually(() => gaps === 2);
      await isFollowed(user);
      await cache.put(user, document(9));
      await eventually(() => heard.length === 1);
      expect(heard).toEqual([[user, 9]]);
    });

    it('is not heard while Redis does not answer, and that is known', async () => {
      hurry();
      announcements.follow(someUser());
      await eventually(() => announcements.isUp);
      const before = gaps;
      server.hang();
      await eventually(() => !announcements.isUp);
      server.resume();
      await eventually(() => gaps > before && announcements.isUp);
    });

    it('is kept by a cache that may not announce', async () => {
      const user = someUser();
      await server.ask((redis) => redis.acl('SETUSER', 'default', 'resetchannels'));
      try {
        const { lease = '' } = (await cache.look(user)) as { lease?: string };
        await cache.fill(user, document(1), lease);
        await cache.put(user, document(2));
        expect((await cache.look(user)).basket?.version).toBe(2);
        announcements.follow(user);
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(announcements.isUp).toBe(false);
      } finally {
        await server.ask((redis) => redis.acl('SETUSER', 'default', 'allchannels'));
      }
      await eventually(() => announcements.isUp);
    });
  });
});
