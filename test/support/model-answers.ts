import { refusal } from './api.js';
import type { Basket, Line } from './api.js';
import type { BasketModel } from './basket-model.js';
import type { Answer } from './contract.js';
import type { Expected, Request } from './model-requests.js';

export interface World {
  readonly model: BasketModel;
  readonly users: readonly string[];
  /** The last basket that was seen of each user, and the ids of those before it. */
  readonly seen: Map<string, { basket?: Basket | undefined; ids: Set<string> }>;
  /** What was answered to the first request with a key, by user and key, and which request that was. */
  readonly keyed: Map<string, { request: Request; answer: Answer }>;
  /** The answers that carried a basket, by user and version. */
  readonly versions: Map<string, string>;
}

/** An answer must be what the model says, and fit to those before. */
export function compare(world: World, request: Request, answer: Answer, expected: Expected): void {
  if ('code' in expected) {
    const { currentVersion, index } = refusal(answer, expected.code);
    expect({ currentVersion, index }).toEqual({ currentVersion: expected.currentVersion, index: expected.index });
    return;
  }
  expect(answer.status).toBe(expected.status);
  if ('versions' in expected) {
    const { events, nextAfter } = JSON.parse(answer.text) as {
      events: { version: number }[];
      nextAfter: number | null;
    };
    expect(events.map(({ version }) => version)).toEqual(expected.versions);
    expect(nextAfter).toBe(expected.nextAfter);
    return;
  }
  if (expected.status === 204) return;
  expect(answer.headers.etag).toBe(`"${expected.version}"`);
  if (expected.status === 304) return;
  const answered = JSON.parse(answer.text) as Basket & { basket: Basket; report: unknown };
  if (expected.status === 202) {
    const before = world.seen.get(request.user)?.basket;
    expect(answered).toMatchObject({ version: expected.version, basketId: before?.basketId });
    return;
  }
  if ('report' in expected) expect(answered.report).toEqual(expected.report);
  if (request.kind === 'merge') emptied(world, request.from);
  compareBasket(world, request, request.kind === 'merge' ? answered.basket : answered, expected);
}

function compareBasket(
  world: World,
  request: Request,
  basket: Basket,
  { version, basket: { currency, items: lines } }: Extract<Expected, { readonly basket: unknown }>,
): void {
  const sum = (of: (line: { quantity: number; unitPrice: number }) => number) =>
    lines.reduce((all, line) => all + of(line), 0);
  expect(basket).toMatchObject({
    ...{ userName: request.user, status: 'active', version, currency },
    totalItems: sum(({ quantity }) => quantity),
    totalPrice: sum(({ quantity, unitPrice }) => quantity * unitPrice),
  });
  if (request.kind === 'summary') {
    expect(basket).toMatchObject({ lines: lines.length });
    return;
  }
  expect(basket.items.map(({ addedAt: _, ...line }) => line)).toEqual(
    lines.map((line) => ({ ...line, lineTotal: line.unitPrice * line.quantity })),
  );
  // Whenever a version is read, it is what it was when it was answered first.
  const text = JSON.stringify(basket);
  const name = `${request.user} ${version}`;
  expect(text).toBe(world.versions.get(name) ?? text);
  world.versions.set(name, text);
  if (request.kind !== 'past') compareHistory(world, request, basket);
}

/** Ids and times, which the model cannot foresee, must fit to those that were seen before. */
function compareHistory({ seen }: World, request: Request, basket: Basket): void {
  const history = seen.get(request.user) ?? { ids: new Set<string>() };
  seen.set(request.user, history);
  const before = history.basket;
  if (before && basket.basketId === before.basketId) {
    expect(basket.createdAt).toBe(before.createdAt);
    expect(basket.updatedAt >= before.updatedAt).toBe(true);
    if (basket.version === before.version) expect(basket).toEqual(before);
    // A batch may take a line out and in again.
    if (request.kind !== 'put' && request.kind !== 'batch')
      for (const line of basket.items) expect(line.addedAt).toBe(addedAt(before, line) ?? basket.updatedAt);
  } else {
    expect(history.ids.has(basket.basketId)).toBe(false);
    expect(basket.updatedAt).toBe(basket.createdAt);
  }
  history.ids.add(basket.basketId);
  history.basket = basket;
}

/** A product that comes into the basket again is as new. */
function emptied({ seen }: World, guest: string): void {
  const history = seen.get(guest);
  if (history?.basket) history.basket = { ...history.basket, items: [] };
}

const addedAt = ({ items: lines }: Basket, { productId }: Line) =>
  lines.find((line) => line.productId === productId)?.addedAt;
