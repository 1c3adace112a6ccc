import {
  NEXT_BASKET,
  NOTEBOOK,
  PENCIL,
  basketAfter,
  checkedOut,
  cleared,
  created,
  deleted,
  given,
  itemAdded,
  merged,
  recorded,
} from '../../../test/support/given.js';
import { evolve, isOpen } from './basket.js';
import type { Basket, OpenBasket } from './basket.js';
import type { ItemData, MergeStrategy } from './basket.events.js';
import { Limits } from './decisions.js';
import type { Decide } from './decisions.js';
import { mergeInto, reportOf } from './merge.js';
import type { MergedLine } from './merge.js';

const LIMITS = new Limits(500, 9999);
const RULER: ItemData = { ...PENCIL, productId: NEXT_BASKET, productName: 'Ruler' };

const holding = (...items: ItemData[]): Basket => basketAfter([created(), ...items.map((item) => itemAdded(item))]);

function guestHolding(...items: ItemData[]): OpenBasket {
  const guest = holding(...items);
  if (!isOpen(guest)) throw new Error('The guest has no basket.');
  return { ...guest, userName: 'guest' };
}

const lineOf = (
  { productId, quantity: guestQuantity }: ItemData,
  outcome: MergedLine['outcome'],
  quantity: number,
): MergedLine => ({ productId, outcome, guestQuantity, quantity });

/** The report has to say what the basket is like when the events are folded. */
function merging(
  basket: Basket,
  guest: OpenBasket,
  { strategy = 'sum', limits = LIMITS }: { strategy?: MergeStrategy; limits?: Limits } = {},
) {
  const events = mergeInto(basket, guest, strategy, limits, NEXT_BASKET);
  const after = recorded(events, basket.version).reduce<Basket>(evolve, basket);
  const lines = isOpen(after) ? after.lines : [];
  const quantityOf = (id: string) => lines.find(({ productId }) => productId === id)?.quantity ?? 0;
  // As it comes back from the store.
  const stored = JSON.parse(JSON.stringify(events)) as typeof events;
  const report = stored.flatMap((event) => (event.type === 'BasketsMerged' ? reportOf(basket, guest, event.data) : []));
  expect(report.map(({ quantity }) => quantity)).toStrictEqual(report.map(({ productId }) => quantityOf(productId)));
  return { events, report, lines };
}

const taking =
  (guest: OpenBasket, strategy: MergeStrategy = 'sum', limits = LIMITS): Decide =>
  (basket, nextBasketId) =>
    mergeInto(basket, guest, strategy, limits, nextBasketId);

describe('mergeInto', () => {
  it.each<[MergeStrategy, number, number, number]>([
    ['sum', 2, 5, 7],
    ['max', 2, 5, 5],
    ['keep-guest', 2, 5, 5],
    ['keep-guest', 5, 2, 2],
  ])('with %s makes %d and %d pieces %d', (strategy, mine, theirs, quantity) => {
    const guest = guestHolding({ ...NOTEBOOK, quantity: theirs });
    const { events, report } = merging(holding({ ...NOTEBOOK, quantity: mine }), guest, { strategy });
    expect(events).toStrictEqual([merged(guest, [{ ...NOTEBOOK, quantity }], strategy)]);
    expect(report).toStrictEqual([lineOf({ ...NOTEBOOK, quantity: theirs }, 'merged', quantity)]);
  });

  it.each<[MergeStrategy, number, number]>([
    ['max', 5, 2],
    ['max', 2, 2],
    ['keep-user', 2, 5],
    ['keep-guest', 2, 2],
  ])("with %s keeps the user's line of %d against %d", (strategy, mine, theirs) => {
    const guest = guestHolding({ ...NOTEBOOK, quantity: theirs, productName: 'Other', unitPrice: 1 });
    const { events, report } = merging(holding({ ...NOTEBOOK, quantity: mine }), guest, { strategy });
    expect(events).toStrictEqual([merged(guest, [], strategy)]);
    expect(report).toStrictEqual([lineOf({ ...NOTEBOOK, quantity: theirs }, 'kept', mine)]);
  });

  it.each<MergeStrategy>(['sum', 'max', 'keep-user', 'keep-guest'])('with %s adds what the user lacks', (strategy) => {
    const guest = guestHolding(PENCIL);
    const { events, report, lines } = merging(holding(NOTEBOOK), guest, { strategy });
    expect(events).toStrictEqual([merged(guest, [PENCIL], strategy)]);
    expect(report).toStrictEqual([lineOf(PENCIL, 'added', 3)]);
    expect(lines).toMatchObject([NOTEBOOK, PENCIL]);
  });

  it("takes the guest's newer name and price and leaves the line in its place", () => {
    const newer = { ...NOTEBOOK, productName: 'Notebook, lined', unitPrice: 1300, quantity: 1 };
    const { lines } = merging(holding(NOTEBOOK, PENCIL), guestHolding(RULER, newer));
    expect(lines).toMatchObject([{ ...newer, quantity: 3 }, PENCIL, RULER]);
  });

  it.each<[string, Basket]>([
    ['never had one', basketAfter([])],
    ['deleted the last one', basketAfter([created('USD'), deleted()])],
    ['checked out the last one', basketAfter([created('USD'), itemAdded(NOTEBOOK), checkedOut([NOTEBOOK], 'USD')])],
  ])("opens a basket in the guest's currency for a user who %s", (_, basket) => {
    const guest = guestHolding(NOTEBOOK, PENCIL);
    const { events, report } = merging(basket, guest);
    expect(events).toStrictEqual([created('EUR', NEXT_BASKET), merged(guest, [NOTEBOOK, PENCIL])]);
    expect(report).toStrictEqual([lineOf(NOTEBOOK, 'added', 2), lineOf(PENCIL, 'added', 3)]);
  });

  it('cuts a quantity to the limit', () => {
    const limits = new Limits(500, 4);
    const guest = guestHolding({ ...NOTEBOOK, quantity: 3 });
    const { events, report } = merging(holding(NOTEBOOK), guest, { limits });
    expect(events).toStrictEqual([merged(guest, [{ ...NOTEBOOK, quantity: 4 }])]);
    expect(report).toStrictEqual([lineOf({ ...NOTEBOOK, quantity: 3 }, 'capped', 4)]);
  });

  it('does not cut a quantity that is just the limit', () => {
    const limits = new Limits(500, 5);
    const { report } = merging(holding(NOTEBOOK), guestHolding({ ...NOTEBOOK, quantity: 3 }), { limits });
    expect(report).toStrictEqual([lineOf({ ...NOTEBOOK, quantity: 3 }, 'merged', 5)]);
  });

  it('cuts a line that the user lacks when limits were lowered since the guest added it', () => {
    const { report } = merging(basketAfter([]), guestHolding(PENCIL), { limits: new Limits(500, 2) });
    expect(report).toStrictEqual([lineOf(PENCIL, 'capped', 2)]);
  });

  it('drops new lines behind the most a basket holds, and still merges the ones that are there', () => {
    const limits = new Limits(2, 9999);
    const guest = guestHolding(PENCIL, RULER, NOTEBOOK);
    const { events, report } = merging(holding(NOTEBOOK), guest, { limits });
    expect(events).toStrictEqual([merged(guest, [PENCIL, { ...NOTEBOOK, quantity: 4 }])]);
    expect(report).toStrictEqual([
      lineOf(PENCIL, 'added', 3),
      lineOf(RULER, 'dropped', 0),
      lineOf(NOTEBOOK, 'merged', 4),
    ]);
  });

  it('drops a new line, and keeps an old one, that would take the total past what a number holds', () => {
    const most: ItemData = { ...NOTEBOOK, unitPrice: Number.MAX_SAFE_INTEGER - 270, quantity: 1 };
    const guest = guestHolding({ ...most, quantity: 1 }, PENCIL, RULER);
    const { events, report } = merging(holding(most), guest);
    expect(events).toStrictEqual([merged(guest, [PENCIL])]);
    expect(report).toStrictEqual([lineOf(most, 'kept', 1), lineOf(PENCIL, 'added', 3), lineOf(RULER, 'dropped', 0)]);
  });

  it('counts a line that grows as it will be, and not as it was besides', () => {
    const half = { ...NOTEBOOK, unitPrice: (Number.MAX_SAFE_INTEGER - 1) / 2, quantity: 1 };
    const { report } = merging(holding(half), guestHolding(half));
    expect(report).toStrictEqual([lineOf(half, 'merged', 2)]);
  });

  it.each<[MergeStrategy, number, number, number, MergedLine['outcome']]>([
    ['sum', 7, 1, 7, 'capped'],
    ['max', 7, 8, 7, 'capped'],
    ['keep-guest', 7, 6, 5, 'capped'],
    ['keep-guest', 7, 3, 3, 'merged'],
    ['max', 7, 6, 7, 'kept'],
  ])(
    'with %s shrinks no line of %d, beyond the limits of today, that was to grow by %d',
    (strategy, mine, theirs, quantity, outcome) => {
      const guest = guestHolding({ ...NOTEBOOK, quantity: theirs });
      const limits = new Limits(500, 5);
      const { report } = merging(holding({ ...NOTEBOOK, quantity: mine }), guest, { strategy, limits });
      expect(report).toStrictEqual([lineOf({ ...NOTEBOOK, quantity: theirs }, outcome, quantity)]);
    },
  );

  it('names the basket and the version that it takes', () => {
    const guest = guestHolding(PENCIL);
    given([created(), itemAdded(NOTEBOOK)])
      .when(taking(guest))
      .then([
        {
          type: 'BasketsMerged',
          data: {
            ...{ fromUserName: 'guest', fromBasketId: guest.basketId, fromVersion: guest.version },
            ...{ strategy: 'sum', items: [PENCIL] },
          },
        },
      ]);
  });

  it.each([
    ['', []],
    [' though the basket is empty', [cleared()]],
  ])('refuses another currency%s', (_, more) =>
    given([created('USD'), itemAdded(NOTEBOOK), ...more])
      .when(taking(guestHolding(PENCIL)))
      .thenRefused('currency-mismatch'),
  );

  it('names the users and their currencies when it refuses', () =>
    expect(() => merging(basketAfter([created('USD')]), guestHolding(PENCIL))).toThrow(
      'The basket of alice is in USD, that of guest in EUR.',
    ));

  it('holds to a condition that the caller gives besides', () =>
    given([created(), itemAdded(NOTEBOOK)])
      .when(taking(guestHolding(PENCIL)), { match: [1] })
      .thenRefused('version-mismatch', { currentVersion: 2 }));

  it.each([
    ['no basket', []],
    ['a basket', [created(), itemAdded(NOTEBOOK)]],
    ['a basket in another currency', [created('USD')]],
  ])('does nothing for an empty guest and a user with %s', (_, events) =>
    given(events).when(taking(guestHolding())).then([]),
  );
});
