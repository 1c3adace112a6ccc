/** Why a command or query was refused; `docs/problems.md` has a section for each. */
export type BasketErrorCode =
  | 'basket-not-found'
  | 'item-not-found'
  | 'version-mismatch'
  | 'conflict'
  | 'currency-mismatch'
  | 'duplicate-product'
  | 'too-many-lines'
  | 'quantity-limit'
  | 'total-limit'
  | 'basket-empty'
  | 'idempotency-key-reused'
  | 'version-not-found'
  | 'user-not-found';

export class BasketError extends Error {
  override readonly name = 'BasketError';

  /** @param extensions further members of the answer, such as `currentVersion` */
  constructor(
    readonly code: BasketErrorCode,
    detail: string,
    readonly extensions: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
  }
}

export const basketNotFound = (userName: string) => new BasketError('basket-not-found', `${userName} has no basket.`);

export const userNotFound = (userName: string) =>
  new BasketError('user-not-found', `Nothing is stored of ${userName}.`);

export const itemNotFound = (userName: string, productId: string) =>
  new BasketError('item-not-found', `Product ${productId} is not in the basket of ${userName}.`);
