import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One event of a stream; the stream of a basket is its user's name. */
@Entity('domain_events')
@Index('domain_events_type_time', ['eventType', 'occurredAt'])
export class DomainEventRow {
  @PrimaryColumn({ type: 'text', name: 'user_name', primaryKeyConstraintName: 'domain_events_pkey' })
  userName!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'domain_events_pkey' })
  version!: number;

  @Column({ type: 'uuid', name: 'event_id' })
  eventId!: string;

  @Column({ type: 'uuid', name: 'basket_id' })
  basketId!: string;

  @Column({ type: 'text', name: 'event_type' })
  eventType!: string;

  @Column({ type: 'jsonb', name: 'event_data' })
  eventData!: unknown;

  @Column('jsonb')
  metadata!: Record<string, unknown>;

  @Column({ type: 'timestamptz', name: 'occurred_at', precision: 3 })
  occurredAt!: Date;
}
