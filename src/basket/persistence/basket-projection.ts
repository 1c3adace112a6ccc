import type { Projection } from '../../event-store/append.js';

/** How the event store writes the rows of `BasketProjectionRow`. */
export const BASKET_PROJECTION = {
  table: 'basket_projections',
  columns: {
    basket_id: 'uuid',
    status: 'text',
    version: 'integer',
    basket: 'json',
    last_event_id: 'uuid',
    updated_at: 'timestamptz',
    active_hour: 'timestamptz',
    total_items: 'integer',
    total_price: 'bigint',
  },
} satisfies Projection;
