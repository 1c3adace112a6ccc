import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { productId, userName } from './baskets.mjs';
import { clientOf } from './long-basket.mjs';
import { fetchBytes } from './processes.mjs';

/** More than five: only then does PostgreSQL settle on a plan for a prepared statement. */
const VISITORS = 120;
const AT_ONCE = 16;
/** The sweep of idle baskets and what streams ask the database for come by the clock. */
const CLOCK_MS = 12_000;

/** Uses every route on baskets at random, so that the service sends all of its statements. */
export async function driveEverything(part, run, baskets, tell) {
  const { ask, close } = clientOf(part, AT_ONCE);
  const streams = Array.from({ length: 4 }, (_, at) =>
    listen(part.port, `/baskets/${userName(run, 'service', at)}/live`),
  );
  const random = () => userName(run, 'service', Math.floor(Math.random() * baskets));
  let left = VISITORS;
  const visitor = async () => {
    while (left-- > 0) await visit(ask, random(), `${run}-guest-${randomUUID()}`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
  for (let time = 0; time < 8; time++) await fetchBytes(part.metricsPort, '/metrics');
  await fetchBytes(part.port, '/health');
  const day = new Date().toISOString().slice(0, 10);
  for (let time = 0; time < 8; time++) await ask('GET', `/analytics/baskets?from=${day}&to=${day}`);
  await setTimeout(CLOCK_MS);
  for (const stream of streams) stream.destroy();
  close();
  tell(`${VISITORS} visitors have used every route`);
}

async function visit(ask, user, guest) {
  const basket = `/baskets/${user}`;
  const key = { 'idempotency-key': randomUUID() };
  const item = {
    productId: productId(3),
    productName: 'Field notebook 3',
    unitPrice: 1253,
    quantity: 1,
    currency: 'EUR',
  };
  const line = `${basket}/items/${productId(2)}`;
  const before = await ask('GET', basket);
  await ask('GET', `${basket}/summary`);
  await ask('PATCH', line, { quantity: (before.items[2].quantity % 90) + 1 });
  for (const again of [key, key]) await ask('POST', `${basket}/items`, item, again);
  await ask('GET', `${basket}/history?limit=50`);
  await ask('GET', `${basket}/history?limit=50&after=4`);
  await ask('GET', `${basket}?version=${Math.ceil(before.version / 2)}`);
  await ask('GET', `${basket}?at=${before.updatedAt}`);
  await ask('POST', `${basket}/batch`, {
    commands: [{ type: 'update-item-quantity', productId: productId(4), quantity: 77 }],
  });
  await ask('PUT', `/baskets/${guest}`, { currency: 'EUR', items: [{ ...item, currency: undefined }] });
  await ask('POST', `${basket}/merge`, { fromUserName: guest, strategy: 'sum' }, { 'idempotency-key': randomUUID() });
  await ask('DELETE', line);
  await ask('GET', `/users/${user}/data`);
  await ask('DELETE', `${basket}/items`);
  const { version } = await ask('POST', `${basket}/items`, item);
  if (Math.random() < 0.5) await ask('POST', `${basket}/checkout`, { version }, { 'idempotency-key': randomUUID() });
  else await ask('DELETE', basket);
  for (const name of [user, guest]) await ask('DELETE', `/users/${name}/data`);
}

/** A stream of server-sent events that nobody reads. */
function listen(port, path) {
  const stream = request({ port, path, host: '127.0.0.1', agent: false }, (response) => response.resume());
  stream.on('error', () => undefined);
  stream.end();
  return stream;
}
