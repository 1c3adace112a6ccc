import type { ProblemCode } from '../../src/http/problems.js';
import type { Item } from './shopping.js';

/** A request, in the terms of the contract. Products are numbers, so that the same ones meet again and again. */
export type Request = { readonly user: string; readonly ifMatch?: string; readonly ifNoneMatch?: string } & (
  | { readonly kind: 'get' | 'summary' | 'delete' | 'clear' }
  | { readonly kind: 'put'; readonly currency: string; readonly items: readonly Item[] }
  | { readonly kind: 'add'; readonly currency: string; readonly item: Item }
  | { readonly kind: 'change'; readonly productId: string; readonly quantity: number }
  | { readonly kind: 'remove'; readonly productId: string }
);

export interface ModelBasket {
  readonly currency: string;
  readonly items: readonly Item[];
}

export type Expected =
  | { readonly status: 200 | 201; readonly version: number; readonly basket: ModelBasket }
  | { readonly status: 204 }
  | { readonly status: 304; readonly version: number }
  | { readonly code: ProblemCode; readonly currentVersion?: number };

interface Shopper {
  version: number;
  basket?: ModelBasket | undefined;
}

interface Limits {
  readonly maxLines: number;
  readonly maxQuantity: number;
}

/**
 * What the contract says a sequence of requests does, written from design/api.md and not from the code: a map of
 * users to their baskets, and a version that counts one for each event.
 */
export class BasketModel {
  private readonly shoppers = new Map<string, Shopper>();

  constructor(private readonly limits: Limits) {}

  versionOf(user: string): number {
    return this.shopper(user).version;
  }

  answer(request: Request): Expected {
    const shopper = this.shopper(request.user);
    const invalid = this.isInvalid(request);
    if (invalid) return { code: 'validation-failed' };
    if (request.kind === 'get' || request.kind === 'summary') return read(shopper, request.ifNoneMatch);

    const opens = request.kind === 'put' || request.kind === 'add';
    if (!shopper.basket && !opens) return { code: 'basket-not-found' };
    const fails = failsCondition(shopper, request);
    // Without a basket, what is wrong with the request itself is told before its condition.
    if (shopper.basket && fails) return fails;
    const refused = this.refusal(shopper.basket, request);
    if (refused) return { code: refused };
    if (fails) return fails;
    return apply(shopper, request);
  }

  private shopper(user: string): Shopper {
    const shopper = this.shoppers.get(user) ?? { version: 0 };
    this.shoppers.set(user, shopper);
    return shopper;
  }

  private isInvalid(request: Request): boolean {
    if (request.kind === 'put')
      return request.items.length > this.limits.maxLines || request.items.some((item) => this.tooMany(item.quantity));
    if (request.kind === 'add') return this.tooMany(request.item.quantity);
    return request.kind === 'change' && this.tooMany(request.quantity);
  }

  private tooMany(quantity: number): boolean {
    return quantity > this.limits.maxQuantity;
  }

  private refusal(basket: ModelBasket | undefined, request: Request): ProblemCode | undefined {
    switch (request.kind) {
      case 'put':
        if (new Set(request.items.map(({ productId }) => productId)).size < request.items.length)
          return 'duplicate-product';
        return basket && basket.currency !== request.currency ? 'currency-mismatch' : undefined;
      case 'add': {
        if (basket && basket.currency !== request.currency) return 'currency-mismatch';
        const there = basket?.items.find(({ productId }) => productId === request.item.productId);
        if (!there && (basket?.items.length ?? 0) >= this.limits.maxLines) return 'too-many-lines';
        return this.tooMany((there?.quantity ?? 0) + request.item.quantity) ? 'quantity-limit' : undefined;
      }
      case 'change':
      case 'remove':
        return basket?.items.some(({ productId }) => productId === request.productId) ? undefined : 'item-not-found';
      default:
        return undefined;
    }
  }
}

function read({ basket, version }: Shopper, ifNoneMatch: string | undefined): Expected {
  if (!basket) return { code: 'basket-not-found' };
  const known = ifNoneMatch === '*' || tagsOf(ifNoneMatch).some((tag) => tag.replace('W/', '') === `"${version}"`);
  return known ? { status: 304, version } : { status: 200, version, basket };
}

const tagsOf = (header: string | undefined): string[] => header?.split(',').map((tag) => tag.trim()) ?? [];

function failsCondition({ basket, version }: Shopper, { ifMatch, ifNoneMatch }: Request): Expected | undefined {
  const matches = ifMatch === undefined || (basket && (ifMatch === '*' || tagsOf(ifMatch).includes(`"${version}"`)));
  const absent = ifNoneMatch !== '*' || !basket;
  return matches && absent ? undefined : { code: 'version-mismatch', currentVersion: version };
}

function apply(shopper: Shopper, request: Request): Expected {
  const before = shopper.basket;
  if (request.kind === 'delete') {
    shopper.basket = undefined;
    shopper.version += 1;
    return { status: 204 };
  }
  const basket = changed(before, request);
  const isNew = request.kind === 'add' && !before?.items.some(({ productId }) => productId === request.item.productId);
  if (!before) shopper.version += 2;
  else if (request.kind === 'add' || !sameItems(before, basket)) shopper.version += 1;
  shopper.basket = basket;
  const created = request.kind === 'put' ? !before : isNew;
  return { status: created ? 201 : 200, version: shopper.version, basket };
}

function changed(before: ModelBasket | undefined, request: Request): ModelBasket {
  const { currency, items } = before ?? { currency: '', items: [] };
  switch (request.kind) {
    case 'put':
      return { currency: request.currency, items: request.items };
    case 'add': {
      const { item } = request;
      const there = items.find(({ productId }) => productId === item.productId);
      const sum = { ...item, quantity: item.quantity + (there?.quantity ?? 0) };
      return {
        currency: request.currency,
        items: there ? items.map((other) => (other === there ? sum : other)) : [...items, sum],
      };
    }
    case 'change':
      return {
        currency,
        items: items.map((item) =>
          item.productId === request.productId ? { ...item, quantity: request.quantity } : item,
        ),
      };
    case 'remove':
      return { currency, items: items.filter(({ productId }) => productId !== request.productId) };
    default:
      return { currency, items: [] };
  }
}

const sameItems = (one: ModelBasket, other: ModelBasket): boolean =>
  JSON.stringify(one.items) === JSON.stringify(other.items);
