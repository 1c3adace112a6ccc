import fc from 'fast-check';
import { LIMITS, requests, run } from '../../test/support/basket-runs.js';
import type { Request, Run } from '../../test/support/basket-runs.js';
import { ALICE } from '../../test/support/given.js';
import { count, figure, sized } from '../../test/support/sizes.js';
import { evolve, isOpen, lineOf, noBasket, totals } from './domain/basket.js';
import type { Basket } from './domain/basket.js';
import type { BasketErrorCode } from './domain/basket.errors.js';
import type { RecordedEvent } from './domain/basket.events.js';
import { fromDocument, toDocument } from './basket-document.js';

const RUNS = sized(150, 5000);

/** @param check gives what is against the promise, for the message; nothing where it is kept */
const always = (check: (result: Run, asked: readonly Request[]) => unknown) =>
  fc.assert(
    fc.property(requests, (asked) => expect(check(run(asked), asked)).toBeUndefined()),
    { numRuns: RUNS },
  );

const states = ({ steps }: Run) => steps.map(({ after }) => after);
const linesOf = (basket: Basket) => (isOpen(basket) ? basket.lines : []);

/** The lines of a basket whose totals are others than BigInt has, if any. */
function withWrongTotals(
  totalsOf: typeof totals,
  numRuns = RUNS,
): { unitPrice: number; quantity: number }[] | undefined {
  let found: { unitPrice: number; quantity: number }[] | undefined;
  fc.check(
    fc.property(requests, (asked) => {
      const wrong = states(run(asked))
        .map(linesOf)
        .find((lines) => {
          const { totalItems, totalPrice } = totalsOf(lines);
          const pieces = lines.reduce((sum, line) => sum + BigInt(line.quantity), 0n);
          const price = lines.reduce((sum, line) => sum + BigInt(line.unitPrice) * BigInt(line.quantity), 0n);
          return BigInt(totalItems) !== pieces || BigInt(totalPrice) !== price;
        });
      if (wrong) found = wrong.map(({ unitPrice, quantity }) => ({ unitPrice, quantity }));
      return wrong === undefined;
    }),
    { numRuns, endOnFailure: true },
  );
  return found;
}

describe('Whatever is asked of a basket, in whatever order', () => {
  it('its events have the versions 1, 2, 3, … and it has the last', () =>
    always(
      ({ events, state }) =>
        events.find(({ version }, at) => version !== at + 1) ?? (state.version === events.length ? undefined : state),
    ));

  it('folding all its events gives the state that the steps reached', () =>
    always(({ events, state }) => expect(events.reduce<Basket>(evolve, noBasket(ALICE))).toStrictEqual(state)));

  it('the events survive being stored as JSON', () =>
    always(({ events, state }) => {
      const read = JSON.parse(JSON.stringify(events)) as RecordedEvent[];
      expect(read.reduce<Basket>(evolve, noBasket(ALICE))).toStrictEqual(state);
    }));

  it('its totals are exact', () => {
    expect(withWrongTotals(totals)).toBeUndefined();
    figure('money exact', `${count(RUNS)} runs of requests against BigInt, 0 differences`);
  });

  it('its totals would not be exact in euros: the test above can fail', () => {
    const inEuros: typeof totals = (lines) => ({
      ...totals(lines),
      totalPrice: Math.round(lines.reduce((sum, line) => sum + (line.unitPrice / 100) * line.quantity, 0) * 100),
    });
    // Few runs have prices that show it.
    const wrong = withWrongTotals(inEuros, 50_000);
    figure('money exact (control: sums of euros)', `wrong for ${JSON.stringify(wrong)}`);
    expect(wrong).toBeDefined();
  });

  it('it keeps the limits, and each product has one line', () =>
    always((result) =>
      states(result).find((basket) => {
        const lines = linesOf(basket);
        return (
          lines.length > LIMITS.maxLines ||
          lines.some((line) => line.quantity < 1 || line.quantity > LIMITS.maxQuantity) ||
          !Number.isSafeInteger(totals(lines).totalPrice) ||
          new Set(lines.map((line) => line.productId)).size !== lines.length
        );
      }),
    ));

  it('an event always changes more than the version', () =>
    always(({ steps }) => {
      const content = (basket: Basket) =>
        JSON.stringify([basket.status, linesOf(basket).map(({ addedAt: _, ...line }) => line)]);
      return steps.find(({ before, after }) => before.version !== after.version && content(before) === content(after));
    }));

  it('every piece that was acknowledged is there', () =>
    always(({ steps }) =>
      steps.find(({ asked, before, after, refusal }) => {
        if (refusal !== undefined) return false;
        const had = (id: string) => (isOpen(before) ? lineOf(before, id)?.quantity : undefined) ?? 0;
        const has = (id: string) => (isOpen(after) ? lineOf(after, id)?.quantity : undefined) ?? 0;
        switch (asked.type) {
          case 'put':
            return asked.items.some((line) => has(line.productId) !== line.quantity);
          case 'add':
            return has(asked.item.productId) !== had(asked.item.productId) + asked.item.quantity;
          case 'set':
            return has(asked.productId) !== asked.quantity;
          case 'removeItem':
            return has(asked.productId) !== 0;
          case 'clear':
          case 'remove':
            return linesOf(after).length > 0;
          case 'abandon':
            return isOpen(before) && linesOf(after) !== before.lines;
        }
      }),
    ));

  it('an abandoned basket is reactivated by the next event, and no other one is', () =>
    always(({ events }) =>
      events.find((event, at) => {
        const wasAbandoned = events[at - 1]?.type === 'BasketAbandoned';
        return wasAbandoned !== (event.type === 'BasketReactivated');
      }),
    ));

  it('whoever changes a basket leaves it active or closed, and being abandoned is no change of it', () =>
    always(({ steps }) =>
      steps.find(({ asked, before, after }) => {
        if (before.version === after.version) return false;
        if (asked.type !== 'abandon') return after.status === 'abandoned';
        return (
          !isOpen(before) || !isOpen(after) || after.status !== 'abandoned' || after.updatedAt !== before.updatedAt
        );
      }),
    ));

  it('its id and currency stay from its creation to its deletion, and no id comes twice', () =>
    always(({ events, steps }) => {
      const ids = events.flatMap((event) => (event.type === 'BasketCreated' ? [event.data.basketId] : []));
      if (new Set(ids).size !== ids.length) return ids;
      return steps.find(
        ({ before, after }) =>
          isOpen(before) && isOpen(after) && (before.basketId !== after.basketId || before.currency !== after.currency),
      );
    }));

  it('the same requests give the same events again', () =>
    always(({ events }, asked) => expect(run(asked).events).toStrictEqual(events)));

  it('its document gives back the basket, and the same bytes again', () =>
    always((result) =>
      states(result).find((basket) => {
        const document = toDocument(basket);
        const back = fromDocument(ALICE, document);
        expect(back).toStrictEqual(basket);
        return toDocument(back).json !== document.json;
      }),
    ));
});

describe('The requests of this property', () => {
  it('abandon baskets, and go on with them', () => {
    const seen = fc
      .sample(requests, { seed: 1, numRuns: 300 })
      .flatMap((asked) => run(asked).events.map(({ type }) => type));
    expect(seen.filter((type) => type === 'BasketAbandoned').length).toBeGreaterThan(100);
    expect(seen.filter((type) => type === 'BasketReactivated').length).toBeGreaterThan(100);
  });

  it('are refused for every reason that the domain has', () => {
    const seen = new Set(
      fc.sample(requests, { seed: 1, numRuns: 300 }).flatMap((asked) => run(asked).steps.map(({ refusal }) => refusal)),
    );
    const reasons: BasketErrorCode[] = [
      'basket-not-found',
      'item-not-found',
      'version-mismatch',
      'currency-mismatch',
      'duplicate-product',
      'too-many-lines',
      'quantity-limit',
      'total-limit',
    ];
    expect(reasons.filter((code) => !seen.has(code))).toEqual([]);
  });
});
