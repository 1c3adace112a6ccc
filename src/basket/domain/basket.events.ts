/** Prices are integers in the minor unit of the basket's currency; times are ISO 8601 UTC with milliseconds. */
export interface ItemData {
  readonly productId: string;
  readonly productName: string;
  readonly unitPrice: number;
  readonly quantity: number;
}

/**
 * What can happen to a basket. The `type`s are stored as they stand here and a stored event never
 * changes shape: a new shape is a new name.
 */
export type BasketEvent =
  | { readonly type: 'BasketCreated'; readonly data: { readonly basketId: string; readonly currency: string } }
  | {
      readonly type: 'BasketReplaced';
      readonly data: { readonly items: readonly ItemData[]; readonly currency: string };
    }
  | { readonly type: 'BasketItemAdded'; readonly data: ItemData }
  | {
      readonly type: 'BasketItemQuantityUpdated';
      readonly data: { readonly productId: string; readonly quantity: number; readonly previousQuantity: number };
    }
  | { readonly type: 'BasketItemRemoved'; readonly data: { readonly productId: string } }
  | { readonly type: 'BasketCleared'; readonly data: Record<string, never> }
  | { readonly type: 'BasketDeleted'; readonly data: Record<string, never> }
  | {
      readonly type: 'BasketsMerged';
      /** `items` are the lines as they are after the merge, for the products that came from the other basket. */
      readonly data: {
        readonly fromUserName: string;
        readonly strategy: MergeStrategy;
        readonly items: readonly ItemData[];
      };
    }
  | {
      readonly type: 'BasketCheckedOut';
      readonly data: { readonly items: readonly ItemData[]; readonly totalPrice: number; readonly currency: string };
    };

/** Whose quantity a product gets that is in both baskets. */
export type MergeStrategy = 'sum' | 'max' | 'keep-user' | 'keep-guest';

/** An event at its place in the user's stream. */
export type RecordedEvent = BasketEvent & { readonly version: number; readonly occurredAt: string };
