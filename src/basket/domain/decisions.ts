import { isOpen, lineOf, totals } from './basket.js';
import type { Basket, OpenBasket } from './basket.js';
import { BasketError, basketNotFound, itemNotFound } from './basket.errors.js';
import type { BasketEvent, ItemData } from './basket.events.js';

export class Limits {
  /**
   * @param maxLines lines a basket
   * @param maxQuantity pieces a line
   */
  constructor(
    readonly maxLines: number,
    readonly maxQuantity: number,
  ) {}
}

/**
 * The events that follow from a basket as it is; none when there is nothing to change. It is called
 * again on a newer basket after a version conflict.
 *
 * @param nextBasketId names the basket that the decision opens, should it open one
 * @throws BasketError when the command is refused
 */
export type Decide = (basket: Basket, nextBasketId: string) => readonly BasketEvent[];

/** What the caller demands of the basket before the write (RFC 9110, section 13.1). */
export interface Precondition {
  /** If-Match: one of these versions, or any basket at all. */
  readonly match?: '*' | readonly number[];
  /** If-None-Match: none of these versions, or no basket at all. */
  readonly noneMatch?: '*' | readonly number[];
}

export function decide(basket: Basket, by: Decide, nextBasketId: string, precondition?: Precondition) {
  // A basket that is not there is refused as such before its version is looked at (RFC 9110, section 13.2.1).
  if (isOpen(basket)) checkPrecondition(basket, precondition);
  const events = by(basket, nextBasketId);
  if (!isOpen(basket)) checkPrecondition(basket, precondition);
  return events;
}

function checkPrecondition(basket: Basket, { match, noneMatch }: Precondition = {}): void {
  const { userName, version } = basket;
  const names = (condition: '*' | readonly number[]) =>
    isOpen(basket) && (condition === '*' || condition.includes(version));
  const holds = (match === undefined || names(match)) && (noneMatch === undefined || !names(noneMatch));
  if (holds) return;
  const state = isOpen(basket) ? `The basket of ${userName} is at version ${version}.` : `${userName} has no basket.`;
  throw new BasketError('version-mismatch', state, { currentVersion: version });
}

export interface Replacement {
  readonly currency: string;
  readonly items: readonly ItemData[];
}

/** Last write wins: whatever was in the basket gives way. */
export function replaceBasket(basket: Basket, { currency, items }: Replacement, limits: Limits, nextBasketId: string) {
  const seen = new Set<string>();
  const twice = items.find(({ productId }) => seen.size === seen.add(productId).size);
  if (twice) throw new BasketError('duplicate-product', `Product ${twice.productId} is in the request more than once.`);
  checkLimits(items, limits);
  if (isOpen(basket)) {
    checkCurrency(basket, currency);
    if (sameItems(basket.lines, items)) return [];
  }
  return [...opened(basket, currency, nextBasketId), { type: 'BasketReplaced', data: { items, currency } } as const];
}

export interface Addition extends ItemData {
  readonly currency: string;
}

/** Opens a basket if there is none; a product that is there already gets the quantity added. */
export function addItem(basket: Basket, { currency, ...item }: Addition, limits: Limits, nextBasketId: string) {
  const lines = isOpen(basket) ? basket.lines : [];
  if (isOpen(basket)) checkCurrency(basket, currency);
  const there = lines.find((line) => line.productId === item.productId);
  const others = lines.filter((line) => line !== there);
  checkLimits([...others, { ...item, quantity: item.quantity + (there?.quantity ?? 0) }], limits);
  return [...opened(basket, currency, nextBasketId), { type: 'BasketItemAdded', data: item } as const];
}

export interface QuantityUpdate {
  readonly productId: string;
  readonly quantity: number;
}

export function updateQuantity(basket: Basket, { productId, quantity }: QuantityUpdate, limits: Limits): BasketEvent[] {
  const line = requireLine(basket, productId);
  if (line.quantity === quantity) return [];
  // Lines that were within the limits of another day do not keep this one from being changed.
  checkQuantity({ ...line, quantity }, limits);
  checkTotal(requireOpen(basket).lines.map((other) => (other === line ? { ...line, quantity } : other)));
  return [{ type: 'BasketItemQuantityUpdated', data: { productId, quantity, previousQuantity: line.quantity } }];
}

export function removeItem(basket: Basket, productId: string): BasketEvent[] {
  requireLine(basket, productId);
  return [{ type: 'BasketItemRemoved', data: { productId } }];
}

export function clear(basket: Basket): BasketEvent[] {
  return requireOpen(basket).lines.length === 0 ? [] : [{ type: 'BasketCleared', data: {} }];
}

export function remove(basket: Basket): BasketEvent[] {
  requireOpen(basket);
  return [{ type: 'BasketDeleted', data: {} }];
}

/** @throws BasketError `basket-not-found` */
export function requireOpen(basket: Basket): OpenBasket {
  if (!isOpen(basket)) throw basketNotFound(basket.userName);
  return basket;
}

function requireLine(basket: Basket, productId: string) {
  const line = lineOf(requireOpen(basket), productId);
  if (!line) throw itemNotFound(basket.userName, productId);
  return line;
}

function opened(basket: Basket, currency: string, basketId: string): BasketEvent[] {
  return isOpen(basket) ? [] : [{ type: 'BasketCreated', data: { basketId, currency } }];
}

function checkCurrency(basket: OpenBasket, currency: string): void {
  if (basket.currency === currency) return;
  throw new BasketError(
    'currency-mismatch',
    `The basket of ${basket.userName} is in ${basket.currency}, the request is in ${currency}.`,
  );
}

function checkLimits(items: readonly ItemData[], limits: Limits): void {
  if (items.length > limits.maxLines)
    throw new BasketError(
      'too-many-lines',
      `A basket holds at most ${limits.maxLines} lines, this one would have ${items.length}.`,
    );
  for (const item of items) checkQuantity(item, limits);
  checkTotal(items);
}

function checkQuantity({ productId, quantity }: ItemData, { maxQuantity }: Limits): void {
  if (quantity > maxQuantity)
    throw new BasketError(
      'quantity-limit',
      `A line holds at most ${maxQuantity} pieces, product ${productId} would have ${quantity}.`,
    );
}

function checkTotal(items: readonly ItemData[]): void {
  // A sum of non-negative safe integers that is no safe integer any more stays so, however it was rounded.
  if (!Number.isSafeInteger(totals(items).totalPrice))
    throw new BasketError('total-limit', `The total price would pass ${Number.MAX_SAFE_INTEGER} minor units.`);
}

const sameItems = (lines: readonly ItemData[], items: readonly ItemData[]): boolean =>
  lines.length === items.length &&
  lines.every((line, at) => {
    const item = items[at];
    return (
      line.productId === item?.productId &&
      line.productName === item.productName &&
      line.unitPrice === item.unitPrice &&
      line.quantity === item.quantity
    );
  });
