import { MergeBaskets, MergeBasketsHandler } from '../../src/basket/commands/merge-baskets.js';
import { isOpen } from '../../src/basket/domain/basket.js';
import type { ItemData, MergeStrategy } from '../../src/basket/domain/basket.events.js';
import { addItem } from '../../src/basket/domain/decisions.js';
import { FollowUp } from '../../src/basket/follow-up.js';
import { someUser } from './app.js';
import { NOTEBOOK, PENCIL } from './given.js';
import type { StoreProcess } from './store.js';
import type { Store } from './stream-store.js';

export const RULER: ItemData = {
  ...PENCIL,
  productId: '00000000-0000-4000-8000-000000000003',
  productName: 'Ruler',
};

/** A user and a guest of a test's own. */
export interface Names {
  readonly user: string;
  readonly guest: string;
}

export interface MergeOptions {
  readonly key?: string;
  readonly strategy?: MergeStrategy;
  /** What the merge runs on, where it is not the store's own process. */
  readonly on?: Pick<StoreProcess, 'baskets' | 'history' | 'completion'>;
}

/** What is done to baskets when guests are merged into users. */
export function shopping(store: Store) {
  const add = (userName: string, item: ItemData) =>
    store.baskets.update(userName, (basket, id) => addItem(basket, { ...item, currency: 'EUR' }, store.limits, id));

  const merge = ({ user, guest }: Names, { key, strategy = 'sum', on = store }: MergeOptions = {}) =>
    new MergeBasketsHandler(on.baskets, on.history, on.completion, store.limits).execute(
      new MergeBaskets(
        user,
        { fromUserName: guest, strategy },
        { command: key === undefined ? undefined : { id: key, fingerprint: 'that request' } },
      ),
    );

  async function contentsOf(userName: string) {
    const { after } = await store.baskets.update(userName, () => []);
    if (!isOpen(after)) return undefined;
    return Object.fromEntries(after.lines.map(({ productName, quantity }) => [productName, quantity]));
  }

  return {
    add,
    merge,
    contentsOf,
    contents: async ({ user, guest }: Names) => ({ user: await contentsOf(user), guest: await contentsOf(guest) }),
    /** The user has two notebooks, the guest another one and three pencils. */
    async twoBaskets(): Promise<Names> {
      const names = { user: someUser('user'), guest: someUser('guest') };
      await add(names.user, NOTEBOOK);
      await add(names.guest, { ...NOTEBOOK, quantity: 1 });
      await add(names.guest, PENCIL);
      return names;
    },
    /** What the relay does with each event of the user, at least once. */
    async relay(userName: string) {
      await new FollowUp(null, store.completion).after(await store.eventsOf(userName));
    },
  };
}

export type Shopping = ReturnType<typeof shopping>;
