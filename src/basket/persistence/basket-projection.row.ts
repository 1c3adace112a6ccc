import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Projection } from '../../event-store/append.js';

/** The user's basket as it is now, written in the same statement as its events. */
@Entity('basket_projections')
export class BasketProjectionRow {
  @PrimaryColumn({ type: 'text', name: 'user_name', primaryKeyConstraintName: 'basket_projections_pkey' })
  userName!: string;

  @Column({ type: 'uuid', name: 'basket_id' })
  basketId!: string;

  @Column('text')
  status!: 'active' | 'deleted';

  @Column('integer')
  version!: number;

  /** What GET answers, byte for byte, which `jsonb` would not keep; null when there is no open basket. */
  @Column({ type: 'json', nullable: true })
  basket!: unknown;

  @Column({ type: 'uuid', name: 'last_event_id' })
  lastEventId!: string;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;
}

/** How the event store writes it. */
export const BASKET_PROJECTION = {
  table: 'basket_projections',
  columns: {
    basket_id: 'uuid',
    status: 'text',
    version: 'integer',
    basket: 'json',
    last_event_id: 'uuid',
    updated_at: 'timestamptz',
  },
} satisfies Projection;
