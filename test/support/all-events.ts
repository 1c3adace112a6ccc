import { randomUUID } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BasketRepository } from '../../src/basket/basket.repository.js';
import { abandon } from '../../src/basket/domain/abandonment.js';

/** Makes a basket go through everything that can happen to one, over HTTP as far as shoppers do it. @returns the user's name */
export async function makeAllHappen(app: NestFastifyApplication, name = `zoë ${randomUUID()}`): Promise<string> {
  const guest = `guest-${randomUUID()}`;
  const path = (user: string) => `/baskets/${encodeURIComponent(user)}`;
  const send = async (method: 'PUT' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
    const { statusCode, body } = await app.inject({ method, url, ...(payload && { payload }) });
    if (statusCode >= 300) throw new Error(`${method} ${url}: ${statusCode} ${body}`);
    return body === '' ? {} : (JSON.parse(body) as { version?: number; basket?: { version: number } });
  };
  const item = { productId: randomUUID(), productName: 'Bleistift ✏️ "HB"', unitPrice: 1, quantity: 3 };
  const mine = path(name);
  await send('PUT', mine, { currency: 'EUR', items: [item] });
  await send('POST', `${mine}/items`, { ...item, currency: 'EUR' });
  await send('PATCH', `${mine}/items/${item.productId}`, { quantity: 1 });
  await send('DELETE', `${mine}/items/${item.productId}`);
  await send('POST', `${mine}/items`, { ...item, currency: 'EUR' });
  await send('DELETE', `${mine}/items`);
  await send('DELETE', mine);
  await send('POST', `${path(guest)}/items`, { ...item, currency: 'EUR', unitPrice: 100_000_000_000 });
  await send('POST', `${mine}/items`, { ...item, currency: 'EUR' });
  await app.get(BasketRepository).update(name, (basket) => abandon(basket, '9999-12-31T23:59:59.999Z'));
  await send('POST', `${mine}/merge`, { fromUserName: guest, strategy: 'sum' });
  const { version } = await send('POST', `${mine}/items`, { ...item, productId: randomUUID(), currency: 'EUR' });
  await send('POST', `${mine}/checkout`, { version });
  return name;
}
