import { addition, basketOf, replacement, someItem } from '../support/shopping.js';
import { someUser } from '../support/app.js';
import { expectReplayEqualsProjection } from '../support/replay.js';
import { servedForAll } from '../support/served.js';
import { count, figure, sized } from '../support/sizes.js';

const USERS = sized(20, 500);

describe('The fold of the events of each basket', () => {
  const service = servedForAll();
  const { api } = service;
  const source = { query: async <T>(sql: string) => (await service.query(sql)) as T };

  beforeAll(async () => {
    for (let n = 0; n < USERS; n++) {
      const path = basketOf(someUser());
      await api.put(path, replacement([someItem(), someItem()]));
      const item = addition();
      await api.post(`${path}/items`, item);
      await api.patch(`${path}/items/${item.productId}`, { quantity: 7 });
      if (n % 3 === 0) await api.delete(`${path}/items/${item.productId}`);
      if (n % 5 === 0) await api.delete(path);
      if (n % 10 === 0) await api.post(`${path}/items`, item);
    }
  }, 120_000);

  it('is its row', async () => {
    const users = await expectReplayEqualsProjection(source);
    const [events] = await service.query('SELECT count(*)::int AS number FROM domain_events');
    figure('replay == projection', `${count(Number(events?.number))} events of ${count(users)} users, 0 differ`);
    expect(users).toBe(USERS);
  });

  it.each([
    ['a row that was changed', `SET version = version + 1`],
    ['a sum that is wrong', `SET total_price = total_price + 1`],
    ['a document that lacks a line', `SET basket = jsonb_set(basket::jsonb, '{items}', '[]')::json`],
  ])('is not %s: the test above can fail', async (what, change) => {
    const one = `WHERE user_name = (SELECT min(user_name) FROM basket_projections WHERE status = 'active')`;
    const [before] = await service.query(
      `SELECT user_name, version, total_price, basket::text AS basket FROM basket_projections ${one}`,
    );
    await service.query(`UPDATE basket_projections ${change} ${one}`);
    const verdict = await expectReplayEqualsProjection(source).then(
      () => 'not found',
      () => 'found',
    );
    figure(`replay == projection (control: ${what})`, verdict);
    await service.query(
      'UPDATE basket_projections SET version = $2, total_price = $3, basket = $4::text::json WHERE user_name = $1',
      [before?.user_name, before?.version, before?.total_price, before?.basket],
    );
    expect(verdict).toBe('found');
    await expectReplayEqualsProjection(source);
  });
});
