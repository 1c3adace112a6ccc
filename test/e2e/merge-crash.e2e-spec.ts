import { basketIn } from '../support/api.js';
import type { Basket } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { ServiceProcess } from '../support/service-process.js';
import { addition, someBasket } from '../support/shopping.js';
import { createStorage } from '../support/storage.js';

const pen = addition({ productName: 'Pen', quantity: 2 });

const pensIn = ({ items }: Basket) => items.map(({ quantity }) => quantity);

describe('a process that is killed between the two appends of a merge', () => {
  it('leaves a merge that the next process ends by itself, and answers when it is repeated', async () => {
    await using storage = await createStorage();
    const [path, from] = [someBasket(), someBasket()];
    const request = { fromUserName: from.replace('/baskets/', '') };
    const key = { 'idempotency-key': 'login' };
    {
      await using dying = await ServiceProcess.start(storage.env, ['--import', './test/support/dies-in-merge.mjs']);
      basketIn(await dying.api.post(`${path}/items`, pen), 201);
      basketIn(await dying.api.post(`${from}/items`, pen), 201);
      await expect(dying.api.post(`${path}/merge`, request, key)).rejects.toThrow();
      expect(await dying.exited).toMatchObject({ signal: 'SIGKILL' });
    }
    await using next = await ServiceProcess.start(storage.env);
    expect(pensIn(basketIn(await next.api.get(path)))).toEqual([4]);
    await eventually(async () => pensIn(basketIn(await next.api.get(from))).length === 0, 60_000);
    const again = await next.api.post(`${path}/merge`, request, key);
    expect(again.headers['idempotent-replay']).toBe('true');
    expect(JSON.parse(again.text)).toMatchObject({
      basket: { version: 3, totalItems: 4 },
      report: [{ productId: pen.productId, outcome: 'merged', guestQuantity: 2, quantity: 4 }],
    });
    const events = await next.api.get(`${from}/history`);
    expect((JSON.parse(events.text) as { events: unknown[] }).events).toHaveLength(3);
  }, 120_000);
});
