import fc from 'fast-check';
import {
  NEXT_BASKET,
  NOTEBOOK,
  PENCIL,
  basketAfter,
  cleared,
  created,
  deleted,
  given,
  itemAdded,
  itemRemoved,
  quantityUpdated,
} from '../../../test/support/given.js';
import { evolve, isOpen } from './basket.js';
import type { Basket } from './basket.js';
import { BasketError } from './basket.errors.js';
import type { BasketErrorCode } from './basket.errors.js';
import type { BasketEvent, ItemData } from './basket.events.js';
import { executeBatch } from './batch.js';
import type { BatchCommand } from './batch.js';
import { Limits, addItem, clear, removeItem, updateQuantity } from './decisions.js';
import type { Decide } from './decisions.js';

const LIMITS = new Limits(2, 20);
const RULER: ItemData = { ...PENCIL, productId: NEXT_BASKET, productName: 'Ruler' };
const COSTLY: ItemData = { ...RULER, unitPrice: Number.MAX_SAFE_INTEGER, quantity: 1 };

const add = (item: ItemData, currency = 'EUR'): BatchCommand => ({ type: 'add-item', ...item, currency });
const set = ({ productId }: ItemData, quantity: number): BatchCommand => ({
  type: 'update-item-quantity',
  productId,
  quantity,
});
const drop = ({ productId }: ItemData): BatchCommand => ({ type: 'delete-item', productId });
const empty: BatchCommand = { type: 'clear' };

const executing =
  (...commands: BatchCommand[]): Decide =>
  (basket, nextBasketId) =>
    executeBatch(basket, commands, LIMITS, nextBasketId);

const withNotebook = [created(), itemAdded(NOTEBOOK)];
const withBoth = [...withNotebook, itemAdded(PENCIL)];

describe('executeBatch', () => {
  it('lets each command decide on what the ones before it leave', () =>
    given(withNotebook)
      .when(executing(add(PENCIL), set(PENCIL, 5), drop(NOTEBOOK), add(RULER), empty, add(PENCIL)))
      .then([
        itemAdded(PENCIL),
        quantityUpdated(PENCIL, { from: 3, to: 5 }),
        itemRemoved(NOTEBOOK),
        itemAdded(RULER),
        cleared(),
        itemAdded(PENCIL),
      ]));

  it.each<[string, BasketEvent[]]>([
    ['never had one', []],
    ['deleted the last one', [...withBoth, deleted()]],
  ])('opens one basket for a user who %s', (_, events) =>
    given(events)
      .when(executing(add(NOTEBOOK, 'CHF'), add(PENCIL, 'CHF')))
      .then([created('CHF', NEXT_BASKET), itemAdded(NOTEBOOK), itemAdded(PENCIL)]),
  );

  it('stores nothing for commands that change nothing', () =>
    given(withNotebook)
      .when(executing(set(NOTEBOOK, 2), set(NOTEBOOK, 2)))
      .then([]));

  it('stores the way there and back when it comes out where it started', () =>
    given(withNotebook)
      .when(executing(set(NOTEBOOK, 5), set(NOTEBOOK, 2)))
      .then([quantityUpdated(NOTEBOOK, { from: 2, to: 5 }), quantityUpdated(NOTEBOOK, { from: 5, to: 2 })]));

  it.each<[BasketErrorCode, number, BasketEvent[], BatchCommand[]]>([
    ['basket-not-found', 0, [], [empty, add(PENCIL)]],
    ['basket-not-found', 0, [...withBoth, deleted()], [drop(PENCIL)]],
    ['item-not-found', 1, withNotebook, [add(PENCIL), drop(RULER)]],
    ['item-not-found', 2, withNotebook, [add(PENCIL), drop(PENCIL), set(PENCIL, 1)]],
    ['item-not-found', 1, withNotebook, [empty, drop(NOTEBOOK)]],
    ['currency-mismatch', 1, [], [add(PENCIL), add(NOTEBOOK, 'USD')]],
    ['too-many-lines', 1, withNotebook, [add(PENCIL), add(RULER)]],
    ['quantity-limit', 2, withNotebook, [add(NOTEBOOK, 'EUR'), add(NOTEBOOK), add({ ...NOTEBOOK, quantity: 15 })]],
    ['total-limit', 1, withNotebook, [set(NOTEBOOK, 1), add(COSTLY)]],
  ])('does nothing when a command is refused as %s and names it: %d', (code, index, events, commands) =>
    given(events)
      .when(executing(...commands))
      .thenRefused(code, { index }),
  );

  it('names no command when it is the condition that does not hold', () =>
    given(withNotebook)
      .when(executing(add(PENCIL)), { match: [1] })
      .thenRefused('version-mismatch', { currentVersion: 2 }));

  it('lets errors through that are no refusals', () => {
    const broken = {
      type: 'add-item',
      currency: 'EUR',
      productId: 'x',
      productName: 'x',
      unitPrice: 1,
    } as BatchCommand;
    Object.defineProperty(broken, 'quantity', {
      enumerable: true,
      get: () => {
        throw new TypeError('no quantity');
      },
    });
    expect(() => executeBatch(basketAfter(withNotebook), [broken], LIMITS, NEXT_BASKET)).toThrow(TypeError);
  });

  it('comes to what the commands come to one by one', () => {
    const item = fc
      .tuple(fc.constantFrom(NOTEBOOK, PENCIL, RULER, COSTLY), fc.integer({ min: 1, max: 12 }))
      .map(([one, quantity]): ItemData => ({ ...one, quantity }));
    const command: fc.Arbitrary<BatchCommand> = fc.oneof(
      {
        weight: 5,
        arbitrary: fc
          .tuple(item, fc.constantFrom('EUR', 'EUR', 'EUR', 'JPY'))
          .map(([one, currency]) => add(one, currency)),
      },
      { weight: 3, arbitrary: item.map((one) => set(one, one.quantity)) },
      { weight: 2, arbitrary: item.map(drop) },
      { weight: 1, arbitrary: fc.constant(empty) },
    );
    const seen = { refused: 0, done: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom([], withNotebook, withBoth, [...withBoth, deleted()]),
        fc.array(command, { minLength: 1, maxLength: 6 }),
        (events, commands) => {
          const basket = basketAfter(events);
          const expected = oneByOne(basket, commands);
          seen[expected.refusal ? 'refused' : 'done']++;
          expect(inOne(basket, commands)).toStrictEqual(expected);
        },
      ),
    );
    expect(Math.min(seen.refused, seen.done)).toBeGreaterThan(0);
  });
});

interface Outcome {
  readonly events: readonly BasketEvent[];
  readonly refusal?: Readonly<Record<string, unknown>>;
}

function inOne(basket: Basket, commands: readonly BatchCommand[]): Outcome {
  try {
    return { events: executeBatch(basket, commands, LIMITS, NEXT_BASKET) };
  } catch (error) {
    if (!(error instanceof BasketError)) throw error;
    return { events: [], refusal: { code: error.code, message: error.message, ...error.extensions } };
  }
}

function oneByOne(start: Basket, commands: readonly BatchCommand[]): Outcome {
  const events: BasketEvent[] = [];
  let basket = start;
  for (const [index, command] of commands.entries()) {
    try {
      for (const event of decideAlone(basket, command)) {
        events.push(event);
        const occurredAt = isOpen(basket) ? basket.updatedAt : '2026-11-23T09:00:00.000Z';
        basket = evolve(basket, { ...event, version: basket.version + 1, occurredAt });
      }
    } catch (error) {
      if (!(error instanceof BasketError)) throw error;
      return { events: [], refusal: { code: error.code, message: error.message, index } };
    }
  }
  return { events };
}

function decideAlone(basket: Basket, command: BatchCommand): readonly BasketEvent[] {
  switch (command.type) {
    case 'add-item': {
      const { productId, productName, unitPrice, quantity, currency } = command;
      return addItem(basket, { productId, productName, unitPrice, quantity, currency }, LIMITS, NEXT_BASKET);
    }
    case 'update-item-quantity':
      return updateQuantity(basket, { productId: command.productId, quantity: command.quantity }, LIMITS);
    case 'delete-item':
      return removeItem(basket, command.productId);
    case 'clear':
      return clear(basket);
  }
}
