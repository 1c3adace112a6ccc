import type { ProblemCode } from '../../src/http/problems.js';
import { mergeOf } from './merge-model.js';
import type { ReportLine } from './merge-model.js';
import type { Expected, Refused, Request } from './model-requests.js';
import { Shopper, execute, sameItems } from './shopper-model.js';
import type { ModelBasket, ModelCommand } from './shopper-model.js';

export interface Limits {
  readonly maxLines: number;
  readonly maxQuantity: number;
}

/**
 * What the contract says a sequence of requests does, written from design/api.md and not from the code: a map of
 * users to their baskets, and a version that counts one for each event.
 */
export class BasketModel {
  private readonly shoppers = new Map<string, Shopper>();
  /** Of the last merge of each guest's basket into each user's. */
  private readonly reports = new Map<string, readonly ReportLine[]>();
  /** By user and key. */
  private readonly answers = new Map<string, { readonly request: string; readonly expected: Expected }>();

  constructor(private readonly limits: Limits) {}

  versionOf(user: string): number {
    return this.shopper(user).version;
  }

  /** Whether the key of a request is taken by it. */
  hasKey({ user, key }: Request): boolean {
    return this.answers.has(`${user} ${key}`);
  }

  answer(request: Request): Expected {
    const shopper = this.shopper(request.user);
    if (this.isInvalid(request)) return { code: 'validation-failed' };
    if (isRead(request)) return read(shopper, request);
    const { key, ...rest } = request;
    const asked = JSON.stringify(rest);
    const name = `${request.user} ${key}`;
    const known = this.answers.get(name);
    if (known)
      return known.request === asked ? { ...known.expected, isReplay: true } : { code: 'idempotency-key-reused' };
    const { version } = shopper;
    const expected = this.write(shopper, request);
    // What stores no event stores no key.
    if (key !== undefined && shopper.version > version) this.answers.set(name, { request: asked, expected });
    return expected;
  }

  private write(shopper: Shopper, request: Write): Expected {
    const fails = failsCondition(shopper, request);
    // Without a basket, what is wrong with the request itself is told before its condition.
    if (shopper.basket && fails) return fails;
    const scratch = new Shopper();
    scratch.past.splice(0, 1, shopper.basket);
    const refused = this.refusal(scratch, request, shopper.version);
    if (refused) return refused;
    if (fails) return fails;
    return this.apply(shopper, request);
  }

  private shopper(user: string): Shopper {
    const shopper = this.shoppers.get(user) ?? new Shopper();
    this.shoppers.set(user, shopper);
    return shopper;
  }

  private isInvalid(request: Request): boolean {
    switch (request.kind) {
      case 'put':
        return request.items.length > this.limits.maxLines || request.items.some((item) => this.tooMany(item.quantity));
      case 'batch':
        return request.commands.length === 0 || request.commands.some((one) => this.isInvalid({ user: '', ...one }));
      case 'merge':
        return request.from === request.user;
      case 'past':
      case 'checkout':
        return request.version < 1;
      case 'add':
        return this.tooMany(request.item.quantity);
      case 'change':
        return this.tooMany(request.quantity);
      default:
        return false;
    }
  }

  private tooMany(quantity: number): boolean {
    return quantity > this.limits.maxQuantity;
  }

  /** @param scratch has the basket as it is; a batch is tried out on it */
  private refusal(scratch: Shopper, request: Write, currentVersion: number): Refused | undefined {
    const { basket } = scratch;
    switch (request.kind) {
      case 'put':
        if (new Set(request.items.map(({ productId }) => productId)).size < request.items.length)
          return { code: 'duplicate-product' };
        return basket && basket.currency !== request.currency ? { code: 'currency-mismatch' } : undefined;
      case 'delete':
        return basket ? undefined : { code: 'basket-not-found' };
      case 'batch':
        for (const [index, command] of request.commands.entries()) {
          const code = this.refusalOf(scratch.basket, command);
          if (code) return { code, index };
          execute(scratch, command);
        }
        return undefined;
      case 'merge': {
        const guest = this.shopper(request.from).basket;
        if (!guest || (guest.items.length === 0 && !basket)) return { code: 'basket-not-found' };
        const differs = guest.items.length > 0 && basket && basket.currency !== guest.currency;
        return differs ? { code: 'currency-mismatch' } : undefined;
      }
      case 'checkout':
        if (!basket) return { code: 'basket-not-found' };
        if (request.version !== currentVersion) return { code: 'conflict', currentVersion };
        return basket.items.length === 0 ? { code: 'basket-empty' } : undefined;
      default: {
        const code = this.refusalOf(basket, request);
        return code && { code };
      }
    }
  }

  private refusalOf(basket: ModelBasket | undefined, command: ModelCommand): ProblemCode | undefined {
    if (!basket && command.kind !== 'add') return 'basket-not-found';
    switch (command.kind) {
      case 'add': {
        if (basket && basket.currency !== command.currency) return 'currency-mismatch';
        const there = basket?.items.find(({ productId }) => productId === command.item.productId);
        if (!there && (basket?.items.length ?? 0) >= this.limits.maxLines) return 'too-many-lines';
        return this.tooMany((there?.quantity ?? 0) + command.item.quantity) ? 'quantity-limit' : undefined;
      }
      case 'change':
      case 'remove':
        return basket?.items.some(({ productId }) => productId === command.productId) ? undefined : 'item-not-found';
      case 'clear':
        return undefined;
    }
  }

  private apply(shopper: Shopper, request: Write): Expected {
    const before = shopper.basket;
    switch (request.kind) {
      case 'delete':
        shopper.become(undefined);
        return { status: 204 };
      case 'checkout':
        shopper.become(undefined);
        return { status: 202, version: shopper.version };
      case 'put': {
        const { currency, items } = request;
        shopper.open(currency);
        if (!before || !sameItems(before.items, items)) shopper.become({ currency, items });
        return answered(shopper, before ? 200 : 201);
      }
      case 'merge':
        return { ...this.merge(shopper, request), ...answered(shopper, 200) };
      case 'batch':
        for (const command of request.commands) execute(shopper, command);
        return answered(shopper, 200);
      default: {
        const isNew =
          request.kind === 'add' && !before?.items.some(({ productId }) => productId === request.item.productId);
        execute(shopper, request);
        return answered(shopper, isNew ? 201 : 200);
      }
    }
  }

  private merge(shopper: Shopper, { user, from, strategy }: Extract<Request, { readonly kind: 'merge' }>) {
    const guest = this.shopper(from);
    const name = `${user} ${from} ${guest.baskets}`;
    if (guest.basket && guest.basket.items.length > 0) {
      const { currency, items } = guest.basket;
      shopper.open(currency);
      const merged = mergeOf(shopper.basket?.items ?? [], items, strategy, this.limits);
      shopper.become({ currency, items: merged.items });
      this.reports.set(name, merged.report);
      guest.become({ currency, items: [] });
    }
    return { report: this.reports.get(name) ?? [] };
  }
}

type Read = Extract<Request, { readonly kind: 'get' | 'summary' | 'past' | 'history' }>;
type Write = Exclude<Request, Read>;

const isRead = (request: Request): request is Read => ['get', 'summary', 'past', 'history'].includes(request.kind);

function read({ past, version }: Shopper, request: Read): Expected {
  if (request.kind === 'history') {
    if (version === 0) return { code: 'basket-not-found' };
    const { after, limit } = request;
    const versions = past.map((_, at) => at).slice(after + 1, after + 1 + limit);
    return { status: 200, versions, nextAfter: after + limit < version ? after + limit : null };
  }
  const at = request.kind === 'past' ? request.version : version;
  if (at > version) return { code: 'version-not-found' };
  const basket = past[at];
  if (!basket) return { code: 'basket-not-found' };
  const { ifNoneMatch } = request;
  const known = ifNoneMatch === '*' || tagsOf(ifNoneMatch).some((tag) => tag.replace('W/', '') === `"${at}"`);
  return known ? { status: 304, version: at } : { status: 200, version: at, basket };
}

const answered = ({ version, basket }: Shopper, status: 200 | 201) => ({
  ...{ status, version, basket: basket ?? { currency: '', items: [] } },
});

const tagsOf = (header: string | undefined): string[] => header?.split(',').map((tag) => tag.trim()) ?? [];

function failsCondition({ basket, version }: Shopper, { ifMatch, ifNoneMatch }: Request): Refused | undefined {
  const matches = ifMatch === undefined || (basket && (ifMatch === '*' || tagsOf(ifMatch).includes(`"${version}"`)));
  const absent = ifNoneMatch !== '*' || !basket;
  return matches && absent ? undefined : { code: 'version-mismatch', currentVersion: version };
}
