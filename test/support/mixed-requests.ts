import { randomUUID } from 'node:crypto';
import type { Call } from './http-client.js';
import { addition, basketOf, replacement, someItem } from './shopping.js';

/** A visit of a shopper: everything the API does, refusals included, in the order in which it makes sense. */
export function visit(): Call[] {
  const [basket, guest] = [basketOf(`user-${randomUUID()}`), basketOf(`guest-${randomUUID()}`)];
  const item = addition();
  const line = `${basket}/items/${item.productId}`;
  const get = (path: string, headers = {}): Call => ({ method: 'GET', path, headers });
  const key = { 'idempotency-key': randomUUID() };
  const guestName = decodeURIComponent(guest.split('/')[2] ?? '');
  return [
    get(basket),
    { method: 'POST', path: `${basket}/items`, body: item, headers: key },
    { method: 'POST', path: `${basket}/items`, body: item, headers: key },
    { method: 'PATCH', path: line, body: { quantity: 3 } },
    get(basket),
    get(basket, { 'if-none-match': '"3"' }),
    get(`${basket}/summary`),
    { method: 'PATCH', path: line, body: { quantity: 0 } },
    { method: 'PATCH', path: line, body: { quantity: 4 }, headers: { 'if-match': '"1"' } },
    { method: 'POST', path: `${basket}/items`, body: '{"productId":' },
    { method: 'POST', path: `${basket}/batch`, body: { commands: [{ type: 'add-item', ...addition() }] } },
    { method: 'PUT', path: guest, body: replacement([someItem()]) },
    { method: 'POST', path: `${basket}/merge`, body: { fromUserName: guestName, strategy: 'sum' } },
    get(`${basket}/history`),
    get(`${basket}?version=2`),
    get(`${basket}?version=99`),
    { method: 'DELETE', path: line },
    { method: 'DELETE', path: `${basket}/items` },
    { method: 'DELETE', path: basket },
    get('/health/ready'),
    get('/nowhere'),
  ];
}
