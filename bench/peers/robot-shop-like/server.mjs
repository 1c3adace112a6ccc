// A cart in the manner of the one in Instana's robot-shop, written anew for this benchmark: Express and JSON in Redis. It
// does what that one does to a cart and no more: no versions, so that two requests at a time lose one of the writes, no
// checks but that a quantity is a number, nothing on a disk. It writes a line a request by the same package; it does not trace, which that one does.
import express from 'express';
import expressPinoLogger from 'express-pino-logger';
import { createClient } from 'redis';
import request from 'request';

const { PORT, REDIS_URL, CATALOGUE_URL, KEY_PREFIX } = process.env;
const KEPT_SECONDS = 3600;
const TAXED = 1.2;

const redis = createClient({ url: REDIS_URL });
await redis.connect();
const app = express();
app.use(expressPinoLogger());
app.use(express.json());

app.get('/health/ready', (_, response) => response.send('ok'));

app.get(
  '/cart/:id',
  answered(async ({ params }, response) => {
    const json = await redis.get(keyOf(params.id));
    if (json === null) response.status(404).send('cart not found');
    else response.type('json').send(json);
  }),
);

app.get(
  '/add/:id/:sku/:quantity',
  answered(async ({ params: { id, sku, quantity } }, response) => {
    const pieces = Number.parseInt(quantity, 10);
    if (!(pieces >= 1)) return response.status(400).send('not a quantity');
    const { name, price, instock } = await productOf(sku);
    if (instock === 0) return response.status(404).send('out of stock');
    const cart = (await load(id)) ?? { total: 0, tax: 0, items: [] };
    const line = cart.items.find((one) => one.sku === sku);
    if (line) line.qty += pieces;
    else cart.items.push({ qty: pieces, sku, name, price, subtotal: 0 });
    return response.json(await saved(id, cart));
  }),
);

app.get(
  '/update/:id/:sku/:quantity',
  answered(async ({ params: { id, sku, quantity } }, response) => {
    const pieces = Number.parseInt(quantity, 10);
    if (Number.isNaN(pieces)) return response.status(400).send('not a quantity');
    const cart = await load(id);
    const at = cart?.items.findIndex((one) => one.sku === sku) ?? -1;
    if (at === -1) return response.status(404).send('not in cart');
    if (pieces === 0) cart.items.splice(at, 1);
    else cart.items[at].qty = pieces;
    return response.json(await saved(id, cart));
  }),
);

app.listen(Number(PORT), '127.0.0.1');

function answered(handler) {
  return (request, response) => handler(request, response).catch(() => response.status(500).send('failed'));
}

function keyOf(id) {
  return `${KEY_PREFIX}${id}`;
}

async function load(id) {
  const json = await redis.get(keyOf(id));
  return json === null ? undefined : JSON.parse(json);
}

/** With its sums. */
async function saved(id, cart) {
  for (const line of cart.items) line.subtotal = line.price * line.qty;
  cart.total = cart.items.reduce((sum, { subtotal }) => sum + subtotal, 0);
  cart.tax = cart.total - cart.total / TAXED;
  await redis.setEx(keyOf(id), KEPT_SECONDS, JSON.stringify(cart));
  return cart;
}

function productOf(sku) {
  return new Promise((resolve, reject) => {
    request(`${CATALOGUE_URL}/product/${sku}`, (error, { statusCode } = {}, body) => {
      if (error || statusCode !== 200) reject(error ?? new Error(`${statusCode}`));
      else resolve(JSON.parse(body));
    });
  });
}
