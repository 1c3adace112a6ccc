import {
  NOTEBOOK,
  PENCIL,
  abandoned,
  basketAfter,
  cleared,
  created,
  deleted,
  itemAdded,
  timeOf,
} from '../../../test/support/given.js';
import type { BasketEvent } from '../domain/basket.events.js';
import { figuresOf } from './basket-figures.js';

const NINE = '2026-11-23T09:00:00.000Z';
const withBoth = [created(), itemAdded(NOTEBOOK), itemAdded(PENCIL)];

describe('The figures of a basket', () => {
  it.each<[string, BasketEvent[], ReturnType<typeof figuresOf>]>([
    ['that is in use: the hour of its last change, its pieces and its price', withBoth, [NINE, 5, 2770]],
    ['that is abandoned: no hour', [...withBoth, abandoned(timeOf(3))], [null, 5, 2770]],
    ['that is empty: no hour', [...withBoth, cleared()], [null, 0, 0]],
    ['that is not there: none', [...withBoth, deleted()], [null, null, null]],
  ])('%s', (_, events, figures) => expect(figuresOf(basketAfter(events))).toStrictEqual(figures));
});
