import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The user's basket as it is now, written in the same statement as its events. */
@Entity('basket_projections')
@Index('basket_projections_active', ['activeHour', 'userName'], { where: 'active_hour IS NOT NULL' })
export class BasketProjectionRow {
  @PrimaryColumn({ type: 'text', name: 'user_name', primaryKeyConstraintName: 'basket_projections_pkey' })
  userName!: string;

  @Column({ type: 'uuid', name: 'basket_id' })
  basketId!: string;

  @Column('text')
  status!: 'active' | 'abandoned' | 'deleted' | 'checked-out';

  @Column('integer')
  version!: number;

  /** What GET answers, byte for byte, which `jsonb` would not keep; null when there is no open basket. */
  @Column({ type: 'json', nullable: true })
  basket!: unknown;

  @Column({ type: 'uuid', name: 'last_event_id' })
  lastEventId!: string;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;

  /** The UTC hour in which it was last changed; null unless it is in use, and so may come to be abandoned. */
  @Column({ type: 'timestamptz', name: 'active_hour', precision: 3, nullable: true })
  activeHour!: Date | null;

  /** Pieces in all lines; null when there is no open basket, as the price is. */
  @Column({ type: 'integer', name: 'total_items', nullable: true })
  totalItems!: number | null;

  /** Minor units. */
  @Column({ type: 'bigint', name: 'total_price', nullable: true })
  totalPrice!: string | null;
}
