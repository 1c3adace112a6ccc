import { BasketHistory } from '../dist/src/basket/basket.history.js';
import { addItem, Limits, updateQuantity } from '../dist/src/basket/domain/decisions.js';
import { BASKET_PROJECTION } from '../dist/src/basket/persistence/basket-projection.js';
import { TypeormBasketRepository } from '../dist/src/basket/persistence/typeorm-basket.repository.js';
import { EventStore } from '../dist/src/event-store/event-store.js';
import { bucketOf } from '../dist/src/outbox/buckets.js';
import { requestContext } from '../dist/src/request-context.js';
import { grownLine, LINES, NO_BUCKET, patchedLine, productId } from './baskets.mjs';

/** Stand for what differs from basket to basket. */
const USER = 'user-to-be-filled-in';
const VERSION = 1_987_654_321;

/**
 * What the service itself sends to PostgreSQL for one PATCH or POST: caught from its own repository, which is given a
 * database that only listens. So the reference runs the same statement on the same data, whatever the service's is.
 *
 * @param {'patch' | 'add'} kind
 * @param {string} json a basket of the size that is measured, as the service stores it
 * @returns {Promise<{ name: string, text: string, values: Fill[], document: Fill }>}
 * @typedef {(userName: string, version: number) => unknown} Fill gives the value of one basket at its expected version
 */
export async function captureWrite(kind, json) {
  const stored = { ...JSON.parse(json), userName: USER, version: VERSION };
  const sent = [];
  const database = {
    query(statement, values) {
      if (statement.text.trimStart().startsWith('SELECT'))
        return Promise.resolve({ rows: [{ user_name: USER, version: VERSION, json: JSON.stringify(stored) }] });
      sent.push({ ...statement, values });
      return Promise.resolve({ rowCount: 1, rows: [{ user_name: USER }] });
    },
  };
  const events = new EventStore(database, BASKET_PROJECTION);
  const repository = new TypeormBasketRepository(database, events, new BasketHistory(events, 60_000), 60_000);
  const { document } = await requestContext.run({ requestId: stored.basketId }, () =>
    repository.update(USER, decisionOf(kind, stored.items)),
  );
  const [write] = sent;
  if (sent.length !== 1 || write === undefined) throw new Error(`A ${kind} is not one statement but ${sent.length}.`);
  return { name: write.name, text: write.text, values: write.values.map(fillOf), document: fillOf(document.json) };
}

function decisionOf(kind, items) {
  const limits = new Limits(LINES, 9999);
  const line = kind === 'patch' ? patchedLine(0) : grownLine(0);
  if (kind === 'patch')
    return (basket) =>
      updateQuantity(basket, { productId: productId(line), quantity: items[line].quantity + 1 }, limits);
  const { productName, unitPrice } = items[line];
  const addition = { productId: productId(line), productName, unitPrice, quantity: 1, currency: 'EUR' };
  return (basket, nextBasketId) => addItem(basket, addition, limits, nextBasketId);
}

/** @returns {Fill} */
function fillOf(value) {
  if (value === bucketOf(USER)) return () => NO_BUCKET;
  if (value === VERSION) return (_, version) => version;
  if (value === VERSION + 1) return (_, version) => version + 1;
  if (value === USER) return (userName) => userName;
  if (Array.isArray(value)) {
    const fills = value.map(fillOf);
    return (userName, version) => fills.map((fill) => fill(userName, version));
  }
  if (typeof value !== 'string' || !value.includes(USER)) return () => value;
  const [head, middle, tail] = value.split(new RegExp(`${USER}|${VERSION + 1}`));
  return (userName, version) => `${head}${userName}${middle}${version + 1}${tail}`;
}
