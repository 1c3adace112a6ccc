import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { basketIn, refusal } from '../support/api.js';
import type { Basket, Line } from '../support/api.js';
import { BasketModel } from '../support/basket-model.js';
import type { Expected, Request } from '../support/basket-model.js';
import type { Answer } from '../support/contract.js';
import type { Served } from '../support/served.js';
import { basketOf } from '../support/shopping.js';

const RUNS = 40;
const LIMITS = { maxLines: 2, maxQuantity: 5 };
// Read once, when the service's classes are made: before the first import of them.
Object.assign(process.env, { MAX_LINES: String(LIMITS.maxLines), MAX_QUANTITY: String(LIMITS.maxQuantity) });

const products = Array.from({ length: LIMITS.maxLines + 1 }, () => randomUUID());
const productIds = fc.constantFrom(...products);
const quantities = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: LIMITS.maxQuantity }) },
  fc.constant(LIMITS.maxQuantity + 1),
);
const currencies = fc.oneof({ weight: 12, arbitrary: fc.constant('EUR') }, fc.constant('JPY'));
const items = fc.record({
  productId: productIds,
  productName: fc.constantFrom('Pen', 'Ink', 'Écritoire 😀'),
  unitPrice: fc.constantFrom(0, 1, 1250, 100_000_000_000),
  quantity: quantities,
});

/** Entity tags of a condition; a number is a version, counted from the one the user's events are at. */
type Tags = '*' | readonly (number | string)[];
interface Conditions {
  readonly ifMatch?: Tags;
  readonly ifNoneMatch?: Tags;
}

const tags = fc.constantFrom<Tags[]>('*', [0], [0], [0], [-1], [1], [-7], [1000], [-1, 0], ['W/', 0], [900]);
const writeConditions: fc.Arbitrary<Conditions> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: tags.map((ifMatch) => ({ ifMatch })) },
  fc.constant({ ifNoneMatch: '*' as const }),
);
const readConditions: fc.Arbitrary<Conditions> = fc.oneof(
  fc.constant({}),
  tags.map((ifNoneMatch) => ({ ifNoneMatch })),
);

type Draft = Omit<Request, 'user' | 'ifMatch' | 'ifNoneMatch'>;

interface World {
  readonly model: BasketModel;
  readonly users: readonly string[];
  /** The last basket that was seen of each user, and the ids of those before it. */
  readonly seen: Map<string, { basket?: Basket | undefined; ids: Set<string> }>;
}

/** What was to be answered, over all runs: the steps must reach everything that there is. */
const outcomes = new Set<string>();

class Step implements fc.AsyncCommand<World, Served> {
  constructor(
    private readonly shopper: number,
    private readonly draft: Draft,
    private readonly conditions: Conditions,
  ) {}

  check = () => true;

  async run(world: World, service: Served): Promise<void> {
    const user = world.users[this.shopper] ?? '';
    const version = world.model.versionOf(user);
    const { ifMatch, ifNoneMatch } = this.conditions;
    const request = {
      ...{ user, ...this.draft },
      ...(ifMatch && { ifMatch: header(ifMatch, version) }),
      ...(ifNoneMatch && { ifNoneMatch: header(ifNoneMatch, version) }),
    } as Request;
    const expected = world.model.answer(request);
    outcomes.add('code' in expected ? expected.code : `${request.kind} ${expected.status}`);
    compare(world, request, await perform(service, request), expected);
  }

  toString = () => JSON.stringify([this.shopper, this.draft, this.conditions]);
}

const header = (tags: Tags, version: number): string =>
  tags === '*'
    ? '*'
    : tags
        .map((tag) => (typeof tag === 'number' ? `"${version + tag}"` : tag))
        .join(', ')
        .replaceAll('W/, ', 'W/');

function perform({ api }: Served, request: Request): Promise<Answer> {
  const path = basketOf(request.user);
  const headers = {
    ...(request.ifMatch === undefined ? {} : { 'if-match': request.ifMatch }),
    ...(request.ifNoneMatch === undefined ? {} : { 'if-none-match': request.ifNoneMatch }),
  };
  switch (request.kind) {
    case 'get':
      return api.get(path, headers);
    case 'summary':
      return api.get(`${path}/summary`, headers);
    case 'delete':
      return api.delete(path, headers);
    case 'clear':
      return api.delete(`${path}/items`, headers);
    case 'put':
      return api.put(path, { currency: request.currency, items: request.items }, headers);
    case 'add':
      return api.post(`${path}/items`, { ...request.item, currency: request.currency }, headers);
    case 'change':
      return api.patch(`${path}/items/${request.productId}`, { quantity: request.quantity }, headers);
    case 'remove':
      return api.delete(`${path}/items/${request.productId}`, headers);
  }
}

function compare(world: World, request: Request, answer: Answer, expected: Expected): void {
  if ('code' in expected) {
    const { currentVersion } = refusal(answer, expected.code);
    expect(currentVersion).toBe(expected.currentVersion);
    return;
  }
  expect(answer.status).toBe(expected.status);
  if (expected.status === 204) return;
  expect(answer.headers.etag).toBe(`"${expected.version}"`);
  if (expected.status === 304) return;
  const { currency, items: lines } = expected.basket;
  const sum = (of: (line: { quantity: number; unitPrice: number }) => number) =>
    lines.reduce((all, line) => all + of(line), 0);
  const body = JSON.parse(answer.text) as Basket;
  expect(body).toMatchObject({
    ...{ userName: request.user, status: 'active', version: expected.version, currency },
    totalItems: sum(({ quantity }) => quantity),
    totalPrice: sum(({ quantity, unitPrice }) => quantity * unitPrice),
  });
  if (request.kind === 'summary') {
    expect(body).toMatchObject({ lines: lines.length });
    return;
  }
  expect(body.items.map(({ addedAt: _, ...line }) => line)).toEqual(
    lines.map((line) => ({ ...line, lineTotal: line.unitPrice * line.quantity })),
  );
  compareHistory(world, request, basketIn(answer, expected.status));
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
    if (request.kind !== 'put')
      for (const line of basket.items) expect(line.addedAt).toBe(addedAt(before, line) ?? basket.updatedAt);
  } else {
    expect(history.ids.has(basket.basketId)).toBe(false);
    expect(basket.updatedAt).toBe(basket.createdAt);
  }
  history.ids.add(basket.basketId);
  history.basket = basket;
}

const addedAt = ({ items: lines }: Basket, { productId }: Line) =>
  lines.find((line) => line.productId === productId)?.addedAt;

describe('the service', () => {
  let service: Served;

  beforeAll(async () => {
    const { serve } = await import('../support/served.js');
    service = await serve();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const shoppers = fc.constantFrom(0, 0, 0, 0, 1, 2);
  const drafts: readonly (readonly [weight: number, fc.Arbitrary<Draft>])[] = [
    [2, fc.record({ kind: fc.constantFrom('get', 'summary') })],
    [1, fc.record({ kind: fc.constant('delete') })],
    [1, fc.record({ kind: fc.constant('clear') })],
    [4, fc.record({ kind: fc.constant('put'), currency: currencies, items: fc.array(items, { maxLength: 4 }) })],
    [7, fc.record({ kind: fc.constant('add'), currency: currencies, item: items })],
    [4, fc.record({ kind: fc.constant('change'), productId: productIds, quantity: quantities })],
    [3, fc.record({ kind: fc.constant('remove'), productId: productIds })],
  ];
  const steps = drafts.flatMap(([weight, draft], at) => {
    const step = fc
      .tuple(shoppers, draft, at === 0 ? readConditions : writeConditions)
      .map((drawn) => new Step(...drawn));
    return Array.from({ length: weight }, () => step);
  });

  it('does whatever a simple model of the contract does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: '+1' }), async (commands) => {
        const world: World = {
          model: new BasketModel(LIMITS),
          users: Array.from({ length: 3 }, () => randomUUID()),
          seen: new Map(),
        };
        await fc.asyncModelRun(() => ({ model: world, real: service }), commands);
        for (const user of world.users) {
          const request = { kind: 'get', user } as const;
          const answer = await perform(service, request);
          compare(world, request, answer, world.model.answer(request));
        }
      }),
      { numRuns: RUNS },
    );
    expect([...outcomes].sort()).toEqual(
      [
        ...['get 200', 'get 304', 'summary 200', 'summary 304', 'put 200', 'put 201', 'add 200', 'add 201'],
        ...['change 200', 'remove 200', 'clear 200', 'delete 204'],
        ...['validation-failed', 'basket-not-found', 'item-not-found', 'version-mismatch'],
        ...['currency-mismatch', 'duplicate-product', 'too-many-lines', 'quantity-limit'],
      ].sort(),
    );
  }, 120_000);
});
