import { jest } from '@jest/globals';
import { bucketOf } from '../../src/outbox/buckets.js';
import { Leases } from '../../src/outbox/leases.js';
import { until } from '../support/outbox.js';
import { describeRelay } from '../support/relaying.js';
import { soon } from '../support/store.js';

describeRelay('The outbox relay', (its) => {
  it('publishes nothing whose bucket it does not hold', async () => {
    const { store, publisher, seen, relayOf, versionsOf, drained, record } = its();
    publisher.subscribe(record);
    const other = new Leases(store.database);
    await other.balance(soon());
    await store.append('a', 0);
    const { promise: balanced, resolve } = Promise.withResolvers<undefined>();
    const leases = new Leases(store.database);
    const balance = leases.balance.bind(leases);
    leases.balance = async (deadline) => {
      await balance(deadline);
      resolve(undefined);
    };
    const relay = relayOf(undefined, leases);
    relay.start();
    await balanced;
    expect(other.holds(bucketOf('a'))).toBe(true);
    expect(seen).toEqual([]);
    await other.release(soon());
    await drained();
    expect(versionsOf('a')).toEqual([1]);
  });

  it('gives its buckets back when it stops, in the middle of a batch and without the rest of it', async () => {
    const { relay, store, publisher, seen, versionsOf, record } = its();
    const gate = Promise.withResolvers<undefined>();
    publisher.subscribe(async (event) => {
      record(event);
      await gate.promise;
    });
    await store.append('a', 0, 5);
    relay.start();
    await until(() => seen.length === 1, 'it publishes');
    const stopped = relay.stop();
    gate.resolve(undefined);
    await stopped;
    expect(versionsOf('a')).toEqual([1]);
    expect(await store.outbox.lag(soon())).toMatchObject({ events: 4 });
    const { rows } = await store.query('SELECT FROM outbox_leases WHERE bucket >= 0 AND expires_at > $1', [new Date()]);
    expect(rows).toEqual([]);
  });

  it('finds its events among more of other buckets than a page holds', async () => {
    const { store, publisher, seen, relayOf, versionsOf, record } = its();
    publisher.subscribe(record);
    const mine = 'mine';
    const others = Array.from({ length: 3000 }, (_, at) => `other-${at}`).filter(
      (name) => bucketOf(name) !== bucketOf(mine),
    );
    await Promise.all(others.map((name) => store.append(name, 0)));
    await store.append(mine, 0, 3);
    const leases = new Leases(store.database);
    jest.spyOn(leases, 'buckets', 'get').mockReturnValue([bucketOf(mine)]);
    const relay = relayOf(undefined, leases);
    relay.start();
    await until(() => versionsOf(mine).length === 3, 'they are published', 5000);
    expect(seen).toHaveLength(3);
    const left = async () => (await store.outbox.lag(soon())).events;
    await until(async () => (await left()) === others.length, 'their pointers are gone', 5000);
  });
});
