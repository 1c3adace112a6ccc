import { noBasket } from '../domain/basket.js';
import { BasketRepository } from '../basket.repository.js';
import type { BasketDocument, BasketUpdate } from '../basket.repository.js';
import { AnnouncingBasketRepository } from './announcing-basket.repository.js';

const DOCUMENT: BasketDocument = { version: 7, json: '{}' };

class Stored extends BasketRepository {
  find(): Promise<BasketDocument> {
    return Promise.resolve(DOCUMENT);
  }

  /** A repeat of what led to version 7, answered when there is a later one. */
  update(): Promise<BasketUpdate> {
    const [before, after] = [noBasket('alice'), { ...noBasket('alice'), version: 7 }];
    return Promise.resolve({ before, after, events: [], document: DOCUMENT, replayed: true });
  }
}

describe('The repository that announces', () => {
  const announced: [string, number][] = [];
  const baskets = new AnnouncingBasketRepository(new Stored(), (...what) => announced.push(what));

  it('tells of each write the version that it led to', async () => {
    expect((await baskets.update('alice', () => [])).document).toBe(DOCUMENT);
    expect(announced).toEqual([['alice', 7]]);
  });

  it('tells of no read', async () => {
    announced.length = 0;
    expect(await baskets.find('alice')).toBe(DOCUMENT);
    expect(announced).toEqual([]);
  });
});
