import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { BasketModel } from '../support/basket-model.js';
import type { Answer } from '../support/contract.js';
import type { Strategy } from '../support/merge-model.js';
import { compare } from '../support/model-answers.js';
import type { World } from '../support/model-answers.js';
import { perform } from '../support/model-calls.js';
import type { Request } from '../support/model-requests.js';
import type { Served } from '../support/served.js';
import type { ModelCommand } from '../support/shopper-model.js';
import type { Item } from '../support/shopping.js';

const RUNS = 60;
const LIMITS = { maxLines: 2, maxQuantity: 5 };
// Read once, when the service's classes are made: before the first import of them.
Object.assign(process.env, { MAX_LINES: String(LIMITS.maxLines), MAX_QUANTITY: String(LIMITS.maxQuantity) });

const products = Array.from({ length: LIMITS.maxLines + 1 }, () => randomUUID());
const productIds = fc.constantFrom(...products);
const quantities = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: LIMITS.maxQuantity }) },
  fc.constant(LIMITS.maxQuantity + 1),
);
const strategies = fc.constantFrom<Strategy[]>('sum', 'max', 'keep-user', 'keep-guest');
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

/** A request to be: versions are counted from the one that the user's events are at, guests are shoppers' numbers. */
type Draft = { readonly key?: string | undefined } & (
  | { readonly kind: 'get' | 'summary' | 'delete' }
  | { readonly kind: 'past' | 'checkout'; readonly version: number }
  | { readonly kind: 'history'; readonly after: number; readonly limit: number }
  | { readonly kind: 'put'; readonly currency: string; readonly items: Item[] }
  | { readonly kind: 'batch'; readonly commands: ModelCommand[] }
  | { readonly kind: 'merge'; readonly from: number; readonly strategy: Strategy }
  | ModelCommand
);

/** What was to be answered, over all runs: the steps must reach everything that there is. */
const outcomes = new Set<string>();

async function step(world: World, service: Served, request: Request): Promise<void> {
  const expected = world.model.answer(request);
  if (expected.isReplay) outcomes.add('again');
  else outcomes.add('code' in expected ? expected.code : `${request.kind} ${expected.status}`);
  const answer = await perform(service, request);
  const name = `${request.user} ${request.key}`;
  const first = world.keyed.get(name);
  if (expected.isReplay && first) {
    expect({ ...answer, headers: own(answer) }).toEqual({ ...first.answer, headers: own(first.answer) });
    expect(answer.headers['idempotent-replay']).toBe('true');
    return;
  }
  expect(answer.headers['idempotent-replay']).toBeUndefined();
  compare(world, request, answer, expected);
  if (request.key !== undefined && !first && world.model.hasKey(request)) world.keyed.set(name, { request, answer });
}

const own = ({ headers }: Answer) => [headers.etag, headers.location, headers['content-type']];

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
    const { draft } = this;
    const request = {
      ...{ user, ...draft },
      ...('version' in draft && { version: Math.max(0, version + draft.version) }),
      ...('from' in draft && { from: world.users[draft.from] }),
      ...(ifMatch && { ifMatch: header(ifMatch, version) }),
      ...(ifNoneMatch && { ifNoneMatch: header(ifNoneMatch, version) }),
    } as Request;
    await step(world, service, request);
  }

  toString = () => JSON.stringify([this.shopper, this.draft, this.conditions]);
}

/** Sends an earlier request with its key again. */
class Repeat implements fc.AsyncCommand<World, Served> {
  constructor(private readonly at: number) {}

  check = ({ keyed }: Readonly<World>) => keyed.size > 0;

  async run(world: World, service: Served): Promise<void> {
    const requests = [...world.keyed.values()].map(({ request }) => request);
    const request = requests[this.at % requests.length];
    if (request) await step(world, service, request);
  }

  toString = () => `again ${this.at}`;
}

const header = (tags: Tags, version: number): string =>
  tags === '*'
    ? '*'
    : tags
        .map((tag) => (typeof tag === 'number' ? `"${version + tag}"` : tag))
        .join(', ')
        .replaceAll('W/, ', 'W/');

describe('the service', () => {
  let service: Served;

  beforeAll(async () => {
    const { serve } = await import('../support/served.js');
    service = await serve();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const shoppers = fc.constantFrom(0, 0, 0, 0, 1, 2);
  const key = fc.option(fc.constantFrom('k1', 'k2', 'k3', 'k4', 'k5'), { freq: 3, nil: undefined });
  const offsets = fc.constantFrom(0, 0, 0, 0, -1, 1, -1000);
  const clear = fc.record({ kind: fc.constant('clear') });
  const add = fc.record({ kind: fc.constant('add'), currency: currencies, item: items });
  const change = fc.record({ kind: fc.constant('change'), productId: productIds, quantity: quantities });
  const remove = fc.record({ kind: fc.constant('remove'), productId: productIds });
  const commands = fc.array(fc.oneof({ weight: 5, arbitrary: add }, change, change, remove, clear), { maxLength: 4 });
  const reads: readonly (readonly [weight: number, fc.Arbitrary<Draft>])[] = [
    [2, fc.record({ kind: fc.constantFrom('get', 'summary') })],
    [3, fc.record({ kind: fc.constant('past'), version: fc.constantFrom(0, -1, -2, -3, -5, 1, -1000) })],
    [1, fc.record({ kind: fc.constant('history'), after: fc.nat(12), limit: fc.integer({ min: 1, max: 9 }) })],
  ];
  const writes: readonly (readonly [weight: number, fc.Arbitrary<Draft>])[] = [
    [1, fc.record({ kind: fc.constant('delete'), key })],
    [1, fc.record({ kind: fc.constant('clear'), key })],
    [6, fc.record({ kind: fc.constant('put'), currency: currencies, items: fc.array(items, { maxLength: 3 }), key })],
    [7, fc.record({ kind: fc.constant('add'), currency: currencies, item: items, key })],
    [4, fc.record({ kind: fc.constant('change'), productId: productIds, quantity: quantities, key })],
    [3, fc.record({ kind: fc.constant('remove'), productId: productIds, key })],
    [4, fc.record({ kind: fc.constant('batch'), commands, key })],
    [4, fc.record({ kind: fc.constant('merge'), from: fc.constantFrom(0, 1, 2), strategy: strategies, key })],
    [3, fc.record({ kind: fc.constant('checkout'), version: offsets, key })],
  ];
  const stepsOf = (drafts: typeof reads, conditions: fc.Arbitrary<Conditions>) =>
    drafts.flatMap(([weight, draft]) => {
      const steps = fc.tuple(shoppers, draft, conditions).map((drawn) => new Step(...drawn));
      return Array.from({ length: weight }, () => steps);
    });
  const repeats = fc.nat(20).map((at) => new Repeat(at));
  const steps = [
    ...stepsOf(reads, readConditions),
    ...stepsOf(writes, writeConditions),
    ...Array.from({ length: 5 }, () => repeats),
  ];

  it('does whatever a simple model of the contract does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: '+1' }), async (asked) => {
        const world: World = {
          model: new BasketModel(LIMITS),
          users: Array.from({ length: 3 }, () => randomUUID()),
          ...{ seen: new Map(), keyed: new Map(), versions: new Map() },
        };
        await fc.asyncModelRun(() => ({ model: world, real: service }), asked);
        for (const user of world.users) await step(world, service, { kind: 'get', user });
      }),
      { numRuns: RUNS },
    );
    expect([...outcomes].sort()).toEqual(
      [
        ...['get 200', 'get 304', 'summary 200', 'summary 304', 'put 200', 'put 201', 'add 200', 'add 201'],
        ...['past 200', 'past 304', 'history 200', 'batch 200', 'merge 200', 'checkout 202'],
        ...['change 200', 'remove 200', 'clear 200', 'delete 204'],
        ...['validation-failed', 'basket-not-found', 'item-not-found', 'version-mismatch', 'version-not-found'],
        ...['currency-mismatch', 'duplicate-product', 'too-many-lines', 'quantity-limit', 'basket-empty', 'conflict'],
        ...['again', 'idempotency-key-reused'],
      ].sort(),
    );
  }, 240_000);
});
