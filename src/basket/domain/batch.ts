import { evolve } from './basket.js';
import type { Basket } from './basket.js';
import { BasketError } from './basket.errors.js';
import type { BasketEvent } from './basket.events.js';
import { addItem, clear, removeItem, updateQuantity } from './decisions.js';
import type { Addition, Limits, QuantityUpdate } from './decisions.js';

export type BatchCommand =
  | ({ readonly type: 'add-item' } & Addition)
  | ({ readonly type: 'update-item-quantity' } & QuantityUpdate)
  | { readonly type: 'delete-item'; readonly productId: string }
  | { readonly type: 'clear' };

/**
 * Each command decides on what the ones before it leave; all or none.
 *
 * @throws BasketError with the `index` of the command that was refused
 */
export function executeBatch(basket: Basket, commands: readonly BatchCommand[], limits: Limits, nextBasketId: string) {
  const events: BasketEvent[] = [];
  let state = basket;
  for (const [index, command] of commands.entries()) {
    const decided = at(index, () => decideOne(state, command, limits, nextBasketId));
    for (const event of decided)
      // The time of a line does not bear on a decision; the stored events get theirs at the append.
      state = evolve(state, { ...event, version: state.version + 1, occurredAt: '' });
    events.push(...decided);
  }
  return events;
}

function decideOne(basket: Basket, command: BatchCommand, limits: Limits, nextBasketId: string) {
  switch (command.type) {
    case 'add-item': {
      const { type: _, ...item } = command;
      return addItem(basket, item, limits, nextBasketId);
    }
    case 'update-item-quantity':
      return updateQuantity(basket, command, limits);
    case 'delete-item':
      return removeItem(basket, command.productId);
    case 'clear':
      return clear(basket);
  }
}

function at<T>(index: number, decision: () => T): T {
  try {
    return decision();
  } catch (error) {
    if (error instanceof BasketError) throw new BasketError(error.code, error.message, { ...error.extensions, index });
    throw error;
  }
}
