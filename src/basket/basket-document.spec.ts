import {
  ALICE,
  FIRST_BASKET,
  NOTEBOOK,
  PENCIL,
  basketAfter,
  created,
  deleted,
  itemAdded,
  timeOf,
} from '../../test/support/given.js';
import { noBasket } from './domain/basket.js';
import { fromDocument, toDocument } from './basket-document.js';

const basket = basketAfter([created(), itemAdded(NOTEBOOK), itemAdded(PENCIL)]);

/** Stored baskets have these bytes, and entity tags promise that equal versions are equal byte for byte. */
const JSON_OF_BASKET =
  `{"userName":"alice","basketId":"${FIRST_BASKET}","status":"active","version":3,"currency":"EUR","items":[` +
  `{"productId":"${NOTEBOOK.productId}","productName":"Field notebook","unitPrice":1250,"quantity":2,"lineTotal":2500,"addedAt":"${timeOf(2)}"},` +
  `{"productId":"${PENCIL.productId}","productName":"Pencil","unitPrice":90,"quantity":3,"lineTotal":270,"addedAt":"${timeOf(3)}"}],` +
  `"totalItems":5,"totalPrice":2770,"createdAt":"${timeOf(1)}","updatedAt":"${timeOf(3)}"}`;

describe('The document of an open basket', () => {
  it('is what GET answers, its members in the order of the contract', () =>
    expect(toDocument(basket)).toStrictEqual({ version: 3, json: JSON_OF_BASKET }));

  it('does not depend on the order in which the basket came to its members', () => {
    const shuffled = Object.fromEntries(Object.entries(basket).reverse()) as unknown as typeof basket;
    expect(toDocument(shuffled)).toStrictEqual(toDocument(basket));
  });

  it('gives the basket back, from text and from bytes', () => {
    expect(fromDocument(ALICE, { version: 3, json: JSON_OF_BASKET })).toStrictEqual(basket);
    expect(fromDocument(ALICE, { version: 3, json: Buffer.from(JSON_OF_BASKET) })).toStrictEqual(basket);
  });

  it('keeps names beyond ASCII in bytes', () => {
    const named = basketAfter([created(), itemAdded(PENCIL, { productName: '鉛筆 "HB" \\ 😀\u2028' })]);
    const { version, json } = toDocument(named);
    expect(fromDocument(ALICE, { version, json: Buffer.from(json ?? '') })).toStrictEqual(named);
  });
});

describe('The document of a user without a basket', () => {
  it('has the version and no JSON', () => {
    expect(toDocument(noBasket(ALICE))).toStrictEqual({ version: 0, json: undefined });
    expect(toDocument(basketAfter([created(), deleted()]))).toStrictEqual({ version: 2, json: undefined });
  });

  it('tells by its version whether there ever was one', () => {
    expect(fromDocument(ALICE, { version: 0, json: undefined })).toStrictEqual(noBasket(ALICE));
    expect(fromDocument(ALICE, { version: 2, json: undefined })).toStrictEqual(basketAfter([created(), deleted()]));
  });
});
