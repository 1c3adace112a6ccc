import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One event of a stream; the stream of a basket is its user's name. */
@Entity('domain_events')
@Index('domain_events_type_time', ['eventType', 'occurredAt'])
@Index('domain_events_command', ['userName', 'commandId'], { unique: true, where: 'command_id IS NOT NULL' })
// For erasures; of expressions, which TypeORM cannot declare.
@Index('domain_events_merged_from', { synchronize: false })
@Index('domain_events_moved_out', { synchronize: false })
@Index('domain_events_cause', ['userName', 'causationId'], { unique: true, where: 'causation_id IS NOT NULL' })
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

  /** The idempotency key, on the first event of its command. */
  @Column({ type: 'text', name: 'command_id', nullable: true })
  commandId!: string | null;

  /** What in another stream brought it about, on the first event of the append. */
  @Column({ type: 'text', name: 'causation_id', nullable: true })
  causationId!: string | null;

  @Column({ type: 'timestamptz', name: 'occurred_at', precision: 3 })
  occurredAt!: Date;
}
