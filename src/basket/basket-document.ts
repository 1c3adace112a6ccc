import type { BasketDocument } from './basket.repository.js';
import type { Basket, BasketLine, OpenBasket, Totals } from './domain/basket.js';
import { isOpen, lineTotal, totals } from './domain/basket.js';

type BasketJson = Omit<OpenBasket, 'lines'> &
  Totals & { readonly items: readonly (BasketLine & { lineTotal: number })[] };

/** Its members stand in one order always: equal baskets are equal byte for byte. */
export function toDocument(basket: Basket): BasketDocument {
  if (!isOpen(basket)) return { version: basket.version, json: undefined };
  const json: BasketJson = {
    userName: basket.userName,
    basketId: basket.basketId,
    status: basket.status,
    version: basket.version,
    currency: basket.currency,
    items: basket.lines.map((line) => ({
      productId: line.productId,
      productName: line.productName,
      unitPrice: line.unitPrice,
      quantity: line.quantity,
      lineTotal: lineTotal(line),
      addedAt: line.addedAt,
    })),
    ...totals(basket.lines),
    createdAt: basket.createdAt,
    updatedAt: basket.updatedAt,
  };
  return { version: basket.version, json: JSON.stringify(json) };
}

export function fromDocument(userName: string, { version, json }: BasketDocument): Basket {
  if (json === undefined) return { status: version === 0 ? 'none' : 'deleted', userName, version };
  const { items, totalItems: _items, totalPrice: _price, ...basket } = JSON.parse(json.toString()) as BasketJson;
  return { ...basket, lines: items.map(({ lineTotal: _total, ...line }) => line) };
}
