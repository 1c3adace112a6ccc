import {
  FIRST_BASKET,
  NEXT_BASKET,
  NOTEBOOK,
  PENCIL,
  basketAfter,
  cleared,
  created,
  deleted,
  itemAdded,
  itemRemoved,
  quantityUpdated,
  recorded,
} from '../../../test/support/given.js';
import { evolve, isOpen } from './basket.js';
import type { Basket, OpenBasket } from './basket.js';
import type { BasketEvent, ItemData, MergeStrategy } from './basket.events.js';
import { Limits } from './decisions.js';
import { mergeInto, moveOut } from './merge.js';
import type { MergedLine } from './merge.js';

const LIMITS = new Limits(500, 9999);
const RULER: ItemData = { ...PENCIL, productId: NEXT_BASKET, productName: 'Ruler' };

const holding = (...items: ItemData[]): Basket => basketAfter([created(), ...items.map((item) => itemAdded(item))]);

function guestHolding(...items: ItemData[]): OpenBasket {
  const guest = holding(...items);
  if (!isOpen(guest)) throw new Error('The guest has no basket.');
  return { ...guest, userName: 'guest' };
}

const merged = (items: readonly ItemData[], strategy: MergeStrategy = 'sum'): BasketEvent => ({
  type: 'BasketsMerged',
  data: { fromUserName: 'guest', strategy, items },
});

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
  const { events, report } = mergeInto(basket, guest, strategy, limits, NEXT_BASKET);
  const after = recorded(events, basket.version).reduce<Basket>(evolve, basket);
  const lines = isOpen(after) ? after.lines : [];
  const quantityOf = (id: string) => lines.find(({ productId }) => productId === id)?.quantity ?? 0;
  expect(report.map(({ quantity }) => quantity)).toStrictEqual(report.map(({ productId }) => quantityOf(productId)));
  return { events, report, lines };
}

describe('mergeInto', () => {
  it.each<[MergeStrategy, number, number, number]>([
    ['sum', 2, 5, 7],
    ['max', 2, 5, 5],
    ['keep-guest', 2, 5, 5],
    ['keep-guest', 5, 2, 2],
  ])('with %s makes %d and %d pieces %d', (strategy, mine, theirs, quantity) => {
    const guest = guestHolding({ ...NOTEBOOK, quantity: theirs });
    const { events, report } = merging(holding({ ...NOTEBOOK, quantity: mine }), guest, { strategy });
    expect(events).toStrictEqual([merged([{ ...NOTEBOOK, quantity }], strategy)]);
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
    expect(events).toStrictEqual([]);
    expect(report).toStrictEqual([lineOf({ ...NOTEBOOK, quantity: theirs }, 'kept', mine)]);
  });

  it.each<MergeStrategy>(['sum', 'max', 'keep-user', 'keep-guest'])('with %s adds what the user lacks', (strategy) => {
    const { events, report, lines } = merging(holding(NOTEBOOK), guestHolding(PENCIL), { strategy });
    expect(events).toStrictEqual([merged([PENCIL], strategy)]);
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
  ])("opens a basket in the guest's currency for a user who %s", (_, basket) => {
    const { events, report } = merging(basket, guestHolding(NOTEBOOK, PENCIL));
    expect(events).toStrictEqual([created('EUR', NEXT_BASKET), merged([NOTEBOOK, PENCIL])]);
    expect(report).toStrictEqual([lineOf(NOTEBOOK, 'added', 2), lineOf(PENCIL, 'added', 3)]);
  });

  it('cuts a quantity to the limit', () => {
    const limits = new Limits(500, 4);
    const { events, report } = merging(holding(NOTEBOOK), guestHolding({ ...NOTEBOOK, quantity: 3 }), { limits });
    expect(events).toStrictEqual([merged([{ ...NOTEBOOK, quantity: 4 }])]);
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
    const { events, report } = merging(holding(NOTEBOOK), guestHolding(PENCIL, RULER, NOTEBOOK), { limits });
    expect(events).toStrictEqual([merged([PENCIL, { ...NOTEBOOK, quantity: 4 }])]);
    expect(report).toStrictEqual([
      lineOf(PENCIL, 'added', 3),
      lineOf(RULER, 'dropped', 0),
      lineOf(NOTEBOOK, 'merged', 4),
    ]);
  });

  it('drops a new line, and keeps an old one, that would take the total past what a number holds', () => {
    const most: ItemData = { ...NOTEBOOK, unitPrice: Number.MAX_SAFE_INTEGER - 270, quantity: 1 };
    const { events, report } = merging(holding(most), guestHolding({ ...most, quantity: 1 }, PENCIL, RULER));
    expect(events).toStrictEqual([merged([PENCIL])]);
    expect(report).toStrictEqual([lineOf(most, 'kept', 1), lineOf(PENCIL, 'added', 3), lineOf(RULER, 'dropped', 0)]);
  });

  it('refuses another currency', () => {
    const basket = basketAfter([created('USD'), itemAdded(NOTEBOOK)]);
    expect(() => mergeInto(basket, guestHolding(PENCIL), 'sum', LIMITS, NEXT_BASKET)).toThrow(
      'The basket of alice is in USD, that of guest in EUR.',
    );
  });

  it('refuses another currency though the basket is empty', () => {
    const basket = basketAfter([created('USD'), itemAdded(NOTEBOOK), cleared()]);
    expect(() => mergeInto(basket, guestHolding(PENCIL), 'sum', LIMITS, NEXT_BASKET)).toThrow(
      'The basket of alice is in USD, that of guest in EUR.',
    );
  });

  it.each<[string, Basket]>([
    ['no basket', basketAfter([])],
    ['a basket', holding(NOTEBOOK)],
  ])('does nothing for an empty guest and a user with %s', (_, basket) => {
    expect(merging(basket, guestHolding())).toMatchObject({ events: [], report: [] });
  });
});

describe('moveOut', () => {
  const both = [created(), itemAdded(NOTEBOOK), itemAdded(PENCIL)];

  it.each<[string, BasketEvent[], ItemData[], BasketEvent[]]>([
    ['everything', both, [NOTEBOOK, PENCIL], [cleared()]],
    ['one line', both, [PENCIL], [itemRemoved(PENCIL)]],
    ['nothing', both, [], []],
    ['a part of a line', both, [{ ...PENCIL, quantity: 1 }], [quantityUpdated(PENCIL, { from: 3, to: 2 })]],
    [
      'lines that are there in part and whole',
      both,
      [NOTEBOOK, { ...PENCIL, quantity: 1 }],
      [itemRemoved(NOTEBOOK), quantityUpdated(PENCIL, { from: 3, to: 2 })],
    ],
    [
      'what grew since: the new pieces stay',
      [...both, itemAdded(PENCIL, { quantity: 4 })],
      [NOTEBOOK, PENCIL],
      [itemRemoved(NOTEBOOK), quantityUpdated(PENCIL, { from: 7, to: 4 })],
    ],
    [
      'what came since: the new line stays',
      [...both, itemAdded(RULER)],
      [NOTEBOOK, PENCIL],
      [itemRemoved(NOTEBOOK), itemRemoved(PENCIL)],
    ],
    ['what shrank since', [...both, quantityUpdated(PENCIL, { from: 3, to: 1 })], [NOTEBOOK, PENCIL], [cleared()]],
    ['a line that is gone since', [...both, itemRemoved(PENCIL)], [NOTEBOOK, PENCIL], [cleared()]],
    ['from an empty basket', [...both, cleared()], [NOTEBOOK, PENCIL], []],
    ['from a basket that was deleted since', [...both, deleted()], [NOTEBOOK, PENCIL], []],
    ['from no basket', [], [NOTEBOOK], []],
  ])('moves %s', (_, events, lines, expected) => {
    const guest = basketAfter(events);
    const out = moveOut(guest, lines);
    expect(out).toStrictEqual(expected);
    const after = recorded(out, guest.version).reduce<Basket>(evolve, guest);
    if (isOpen(guest)) expect(after).toMatchObject({ status: 'active', basketId: FIRST_BASKET });
  });
});
