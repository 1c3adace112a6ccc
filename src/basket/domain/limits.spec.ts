import {
  NEXT_BASKET,
  NOTEBOOK,
  PENCIL,
  created,
  given,
  itemAdded,
  quantityUpdated,
  replaced,
} from '../../../test/support/given.js';
import type { ItemData } from './basket.events.js';
import { Limits, addItem, replaceBasket, updateQuantity } from './decisions.js';
import type { Decide } from './decisions.js';

const LIMITS = new Limits(3, 7000);
const LARGEST_TOTAL = 2 ** 53 - 1;

const replacing =
  (items: readonly ItemData[]): Decide =>
  (basket, nextBasketId) =>
    replaceBasket(basket, { currency: 'EUR', items }, LIMITS, nextBasketId);
const adding =
  (item: ItemData): Decide =>
  (basket, nextBasketId) =>
    addItem(basket, { ...item, currency: 'EUR' }, LIMITS, nextBasketId);
const setting =
  ({ productId }: ItemData, quantity: number): Decide =>
  (basket) =>
    updateQuantity(basket, { productId, quantity }, LIMITS);

const product = (n: number, unitPrice = 1, quantity = 1): ItemData => ({
  productId: `00000000-0000-4000-8000-00000000000${n}`,
  productName: `Product ${n}`,
  unitPrice,
  quantity,
});
const [first, second, third, fourth] = [product(1), product(2), product(3), product(4)] as const;

describe('The limit of lines', () => {
  const full = [created(), replaced([first, second, third])];

  it('lets a request bring as many lines as fit', () =>
    given([])
      .when(replacing([first, second, third]))
      .then([created('EUR', NEXT_BASKET), replaced([first, second, third])]));

  it('refuses a request with one line more', () =>
    given([])
      .when(replacing([first, second, third, fourth]))
      .thenRefused('too-many-lines'));

  it('counts the lines that a replacement brings, not those that it takes the place of', () =>
    given(full)
      .when(replacing([fourth]))
      .then([replaced([fourth])]));

  it('lets the last line that fits be added', () =>
    given([created(), replaced([first, second])])
      .when(adding(third))
      .then([itemAdded(third)]));

  it('refuses to add one line more', () => given(full).when(adding(fourth)).thenRefused('too-many-lines'));

  it('lets pieces be added to a line of a full basket', () =>
    given(full)
      .when(adding(second))
      .then([itemAdded(second)]));
});

describe('The limit of pieces a line', () => {
  it('may be reached', () => {
    const most = { ...NOTEBOOK, quantity: 7000 };
    given([created(), itemAdded(PENCIL)])
      .when(replacing([most]))
      .then([replaced([most])]);
    given([created(), itemAdded(PENCIL)])
      .when(adding(most))
      .then([itemAdded(most)]);
  });

  it.each([
    ['replacing a basket', replacing([PENCIL, { ...NOTEBOOK, quantity: 7001 }])],
    ['opening a basket', adding({ ...NOTEBOOK, quantity: 7001 })],
  ])('is kept when %s', (_, decision) => given([]).when(decision).thenRefused('quantity-limit'));

  it('counts the pieces that are there when more are added', () => {
    const events = [created(), itemAdded(NOTEBOOK, { quantity: 6990 }), itemAdded(PENCIL)];
    given(events)
      .when(adding({ ...NOTEBOOK, quantity: 10 }))
      .then([itemAdded(NOTEBOOK, { quantity: 10 })]);
    given(events)
      .when(adding({ ...NOTEBOOK, quantity: 11 }))
      .thenRefused('quantity-limit');
  });

  it('counts only the new pieces when a quantity is set', () => {
    const events = [created(), itemAdded(NOTEBOOK, { quantity: 6990 })];
    given(events)
      .when(setting(NOTEBOOK, 7000))
      .then([quantityUpdated(NOTEBOOK, { from: 6990, to: 7000 })]);
    given(events).when(setting(NOTEBOOK, 7001)).thenRefused('quantity-limit');
  });
});

describe('The largest total, 2^53-1', () => {
  // 2^53-1 = 6361 x 1,416,003,655,831
  const dear = product(1, 1_416_003_655_831);
  const exact = { ...dear, quantity: 6361 };
  const free = product(2, 0, 7000);
  const cent = product(2, 1);

  it('is what the test takes it for', () => expect(BigInt(dear.unitPrice) * 6361n).toBe(BigInt(LARGEST_TOTAL)));

  it.each<[string, readonly ItemData[]]>([
    ['one price', [product(1, LARGEST_TOTAL)]],
    ['a price and a quantity', [exact]],
    ['two lines', [product(1, LARGEST_TOTAL - 1), cent]],
    ['a line that costs nothing beside it', [exact, free]],
  ])('may be reached by %s', (_, items) =>
    given([])
      .when(replacing(items))
      .then([created('EUR', NEXT_BASKET), replaced(items)]),
  );

  it.each<[string, readonly ItemData[]]>([
    ['one price', [product(1, LARGEST_TOTAL + 1)]],
    ['a price and a quantity', [{ ...dear, quantity: 6362 }]],
    ['a second line by one minor unit', [exact, cent]],
    ['a second line by two, where the sum is rounded', [exact, { ...cent, quantity: 2 }]],
    ['a first line, of which rounding loses the rest', [product(1, 2 ** 53), cent, product(3, 0)]],
    ['many pieces of a dear product', [product(1, LARGEST_TOTAL, 7000)]],
  ])('may not be passed by %s', (_, items) => given([]).when(replacing(items)).thenRefused('total-limit'));

  it('is kept when a line is added', () => {
    given([created(), itemAdded(product(1, LARGEST_TOTAL - 1))])
      .when(adding(cent))
      .then([itemAdded(cent)]);
    given([created(), itemAdded(product(1, LARGEST_TOTAL))])
      .when(adding(cent))
      .thenRefused('total-limit');
  });

  it('is kept when pieces are added', () => {
    const events = [created(), itemAdded(dear, { quantity: 6360 })];
    given(events)
      .when(adding(dear))
      .then([itemAdded(dear)]);
    given(events)
      .when(adding({ ...dear, quantity: 2 }))
      .thenRefused('total-limit');
  });

  it('is checked against the newer price of all pieces', () => {
    const events = [created(), itemAdded(dear, { quantity: 6360, unitPrice: 1 })];
    given(events)
      .when(adding(dear))
      .then([itemAdded(dear)]);
    given(events)
      .when(adding({ ...dear, unitPrice: dear.unitPrice + 1 }))
      .thenRefused('total-limit');
  });

  it('is kept when a quantity is set', () => {
    const events = [created(), itemAdded(dear)];
    given(events)
      .when(setting(dear, 6361))
      .then([quantityUpdated(dear, { from: 1, to: 6361 })]);
    given(events).when(setting(dear, 6362)).thenRefused('total-limit');
    given([...events, itemAdded(cent)])
      .when(setting(dear, 6361))
      .thenRefused('total-limit');
  });

  it('counts the other lines as they are', () =>
    given([created(), itemAdded(dear), itemAdded(free)])
      .when(setting(dear, 6361))
      .then([quantityUpdated(dear, { from: 1, to: 6361 })]));
});

describe('A refusal at a limit', () => {
  it('tells the limit of lines and how many there would be', () =>
    expect(() =>
      replacing([first, second, third, fourth])({ status: 'none', userName: 'alice', version: 0 }, ''),
    ).toThrow('A basket holds at most 3 lines, this one would have 4.'));

  it('tells the limit of pieces, the product and how many there would be', () =>
    expect(() => adding({ ...first, quantity: 7001 })({ status: 'none', userName: 'alice', version: 0 }, '')).toThrow(
      `A line holds at most 7000 pieces, product ${first.productId} would have 7001.`,
    ));

  it('tells the largest total', () =>
    expect(() =>
      adding({ ...first, unitPrice: LARGEST_TOTAL + 1 })({ status: 'none', userName: 'alice', version: 0 }, ''),
    ).toThrow('The total price would pass 9007199254740991 minor units.'));
});
