import fc from 'fast-check';
import { noBasket } from '../../src/basket/domain/basket.js';
import { executeBatch } from '../../src/basket/domain/batch.js';
import { BasketError } from '../../src/basket/domain/basket.errors.js';
import { checkOut } from '../../src/basket/domain/checkout.js';
import {
  Limits,
  addItem,
  clear,
  remove,
  removeItem,
  replaceBasket,
  updateQuantity,
} from '../../src/basket/domain/decisions.js';
import type { Decide } from '../../src/basket/domain/decisions.js';
import { DatabaseUnavailableError } from '../../src/database/database.js';
import { ALICE, NOTEBOOK, PENCIL } from '../support/given.js';
import { interleave, momentOf } from '../support/interleaving.js';
import { MemoryStreams } from '../support/memory-streams.js';
import type { Fate, Guard } from '../support/memory-streams.js';
import { contentOf, isSerial } from '../support/serial-order.js';
import type { Answered } from '../support/serial-order.js';

const LIMITS = new Limits(3, 6);
const RUNS = 500;
const UNEXPLAINED = 'No serial order explains what was answered and what is left.';

/** A request of a writer who has last seen some version. */
interface Asked {
  readonly decideAt: (seen: number) => Decide;
  readonly isConditional: boolean;
}

const item = fc
  .tuple(fc.constantFrom(NOTEBOOK, PENCIL), fc.integer({ min: 1, max: 3 }))
  .map(([product, quantity]) => ({ ...product, quantity }));
const currency = fc.constantFrom('EUR', 'EUR', 'EUR', 'JPY');

type DecideAt = Asked['decideAt'];

const drawn = <T>(weight: number, arbitrary: fc.Arbitrary<T>, decide: (one: T) => Decide) => ({
  weight,
  arbitrary: arbitrary.map(
    (one): DecideAt =>
      () =>
        decide(one),
  ),
});

const decisions = fc.oneof(
  drawn(
    6,
    fc.tuple(item, currency),
    ([one, of]) =>
      (basket, id) =>
        addItem(basket, { ...one, currency: of }, LIMITS, id),
  ),
  drawn(3, item, (one) => (basket) => updateQuantity(basket, one, LIMITS)),
  drawn(
    2,
    item,
    ({ productId }) =>
      (basket) =>
        removeItem(basket, productId),
  ),
  drawn(1, fc.constantFrom(clear, remove), (decide) => decide),
  drawn(
    1,
    fc.tuple(item, currency),
    ([one, of]) =>
      (basket, id) =>
        replaceBasket(basket, { currency: of, items: [one] }, LIMITS, id),
  ),
  drawn(
    2,
    fc.tuple(item, item),
    ([one, { productId, quantity }]) =>
      (basket, id) =>
        executeBatch(
          basket,
          [
            { type: 'add-item', ...one, currency: 'EUR' },
            { type: 'update-item-quantity', productId, quantity },
          ],
          LIMITS,
          id,
        ),
  ),
  { weight: 2, arbitrary: fc.constant<DecideAt>((seen) => (basket) => checkOut(basket, seen)) },
);
const asked: fc.Arbitrary<Asked> = fc.record({
  decideAt: decisions,
  isConditional: fc.constantFrom(false, false, false, true),
});
const requests = fc.array(asked, { minLength: 1, maxLength: 4 });
const fates = fc.infiniteStream(fc.constantFrom<Fate[]>('done', 'done', 'done', 'answer lost', 'request lost'));

type Process = ReturnType<MemoryStreams['process']>;

/** One request after the other, each with a key, and again with it for as long as there is no answer. */
async function write({ baskets }: Process, name: string, all: readonly Asked[], seenOutcomes: Set<string>) {
  const answers: Answered[] = [];
  let seen = 0;
  for (const [at, { decideAt, isConditional }] of all.entries()) {
    const decide = decideAt(seen);
    const precondition = isConditional ? { match: [seen] } : undefined;
    const options = { precondition, command: { id: `${name} ${at}`, fingerprint: '' } };
    let outcome: string | undefined;
    while (outcome === undefined)
      try {
        const { after, replayed } = await baskets.update(ALICE, decide, options);
        seen = after.version;
        outcome = contentOf(after);
        seenOutcomes.add(replayed ? 'replayed' : 'done');
      } catch (error) {
        if (error instanceof BasketError) outcome = error.code;
        else if (!(error instanceof DatabaseUnavailableError)) throw error;
        seenOutcomes.add(outcome ?? 'unknown');
      }
    answers.push({ decide, precondition, outcome });
  }
  return answers;
}

const property = (without?: Guard, seenOutcomes = new Set<string>()) =>
  fc.asyncProperty(fc.scheduler(), requests, requests, fates, async (scheduler, one, other, fate) => {
    const streams = new MemoryStreams(momentOf(scheduler), () => fate.next().value as Fate, without);
    const writers = [one, other].map((all, at) => write(streams.process(), `writer ${at}`, all, seenOutcomes));
    await interleave(scheduler, writers);
    const left = contentOf(streams.basketOf(ALICE));
    if (!isSerial(noBasket(ALICE), await Promise.all(writers), left)) throw new Error(UNEXPLAINED);
  });

describe('Two writers of one basket, in two processes, with retries', () => {
  it('come to a state and to answers that some serial order explains, whatever the interleaving', async () => {
    const outcomes = new Set<string>();
    await fc.assert(property(undefined, outcomes), { numRuns: RUNS });
    expect([...outcomes]).toEqual(
      expect.arrayContaining([
        ...['done', 'replayed', 'unknown', 'basket-not-found', 'item-not-found', 'quantity-limit'],
        ...['version-mismatch', 'conflict', 'currency-mismatch'],
      ]),
    );
  }, 120_000);

  it.each<Guard>(['version', 'key'])('do not without the guard of the %s: the property can fail', async (guard) => {
    const details = await fc.check(property(guard), { numRuns: RUNS });
    expect(details.errorInstance).toMatchObject({ message: UNEXPLAINED });
  });
});
