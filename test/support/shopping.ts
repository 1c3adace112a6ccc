import { randomUUID } from 'node:crypto';

export interface Item {
  readonly productId: string;
  readonly productName: string;
  readonly unitPrice: number;
  readonly quantity: number;
}

/** A product that no other test has. */
export const someItem = (given: Partial<Item> = {}): Item => ({
  productId: randomUUID(),
  productName: 'Field notebook',
  unitPrice: 1250,
  quantity: 2,
  ...given,
});

/** What POST takes. */
export const addition = (given: Partial<Item> & { currency?: string } = {}) => ({
  ...someItem(),
  currency: 'EUR',
  ...given,
});

/** What PUT takes. */
export const replacement = (items: readonly Item[] = [], currency = 'EUR') => ({ currency, items });

/** The path of the user's basket; the name is encoded. */
export const basketOf = (userName: string): string => `/baskets/${encodeURIComponent(userName)}`;

/** The path of all that is stored of the user. */
export const dataOf = (userName: string): string => `/users/${encodeURIComponent(userName)}/data`;

/** The path of the basket of a user that no other test has. */
export const someBasket = (): string => basketOf(`user-${randomUUID()}`);

/** Checks out the basket at this path, as the one PUT that made it has left it. */
export async function checkOut(url: string, path: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(`${url}${path}/checkout`, { method: 'POST', headers, body: '{"version":2}' });
  if (status !== 202) throw new Error(`${path} cannot be checked out: ${status}`);
}
