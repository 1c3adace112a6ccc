import { until } from '../support/outbox.js';
import { describeRelay } from '../support/relaying.js';
import { soon } from '../support/store.js';

describeRelay('The outbox relay', (its) => {
  it('publishes every event once, those of a basket in version order, and clears the pointers', async () => {
    const { relay, store, publisher, seen, versionsOf, drained, record } = its();
    publisher.subscribe(record);
    for (let round = 0; round < 3; round++)
      for (const user of ['a', 'b', 'c', 'ü']) await store.append(user, round * 2, 2);
    relay.start();
    await drained();
    await store.append('b', 6);
    relay.poke();
    await drained();
    expect(versionsOf('a')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(versionsOf('b')).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(versionsOf('ü')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(25);
    expect(seen).toHaveLength(25);
  });

  it('gets through a backlog of more than a batch, also behind a basket that fills one', async () => {
    const { relay, store, publisher, seen, versionsOf, drained, record } = its();
    publisher.subscribe(record);
    await store.append('a', 0, 1200);
    for (let user = 0; user < 20; user++) await store.append(`user-${user}`, 0, 2);
    relay.start();
    await drained();
    expect(versionsOf('a')).toEqual(Array.from({ length: 1200 }, (_, index) => index + 1));
    expect(seen).toHaveLength(1240);
  });

  it('finds what no poke told it of', async () => {
    const { relay, store, publisher, versionsOf, drained, record } = its();
    publisher.subscribe(record);
    relay.start();
    await until(
      async () => (await store.query('SELECT FROM outbox_leases WHERE bucket >= 0')).rows.length === 64,
      'it is at work',
    );
    await store.append('a', 0);
    await drained();
    expect(versionsOf('a')).toEqual([1]);
  });

  it('gathers news that comes in quick succession', async () => {
    const { relay, store, publisher, seen, drained, record } = its();
    publisher.subscribe(record);
    let reads = 0;
    const next = store.outbox.next.bind(store.outbox);
    store.outbox.next = (...args) => {
      reads++;
      return next(...args);
    };
    relay.start();
    const started = performance.now();
    for (let version = 0; version < 200; version++) {
      await store.append('a', version);
      relay.poke();
    }
    await drained();
    const turns = (performance.now() - started) / publisher.lingerMs;
    expect(reads).toBeLessThan(turns + 5);
    expect(seen).toHaveLength(200);
  });

  it('says how far it is behind', async () => {
    const { store } = its();
    expect(await store.outbox.lag(soon())).toEqual({ events: 0, seconds: 0, parked: 0 });
    await store.append('a', 0, 2);
    await store.query(`UPDATE outbox SET created_at = $1 WHERE version = 1`, [new Date(Date.now() - 60_000)]);
    const lag = await store.outbox.lag(soon());
    expect(lag).toMatchObject({ events: 2, parked: 0 });
    expect(lag.seconds).toBeGreaterThanOrEqual(60);
    expect(lag.seconds).toBeLessThan(90);
  });
});
