import { jest } from '@jest/globals';
import { someUser } from '../support/app.js';
import { erasing, shopper, storeForAll, tracesOf } from '../support/erasing.js';
import { adding, someItem } from '../support/items.js';
import { describeWith } from '../support/servers.js';

jest.setTimeout(120_000);

const its = storeForAll();

describeWith(['postgres'], 'A stream of 100,000 events', () => {
  it('is erased within a request, and holds up nobody else', async () => {
    const user = await shopper(its.service);
    await its.store.query(
      `INSERT INTO domain_events (user_name, version, event_id, basket_id, event_type, event_data, metadata, occurred_at)
       SELECT user_name, 2 + n, gen_random_uuid(), basket_id, event_type, event_data, metadata, occurred_at
       FROM domain_events, generate_series(1, 99998) AS n WHERE user_name = $1 AND version = 2`,
      [user],
    );
    await its.store.query('UPDATE basket_projections SET version = 100000 WHERE user_name = $1', [user]);
    let isOver = false;
    const waits: number[] = [];
    const others = async () => {
      while (!isOver) {
        const started = performance.now();
        await its.service.baskets.update(someUser(), adding(someItem()));
        waits.push(performance.now() - started);
      }
    };
    const erase = async () => {
      const started = performance.now();
      expect(await erasing(its.store.process()).erase(user)).toBe(100_001);
      isOver = true;
      return performance.now() - started;
    };
    const [ms] = await Promise.all([erase(), others()]);
    // In one go it would keep one of them waiting until its end.
    expect(Math.max(...waits)).toBeLessThan(ms / 2);
    expect(ms).toBeLessThan(5000);
    expect(await tracesOf(its.store, user)).toEqual([]);
  });
});
