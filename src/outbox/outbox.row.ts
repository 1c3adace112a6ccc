import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Points to an event that is still to be published. */
@Entity('outbox')
@Index('outbox_by_bucket', ['bucket', 'userName', 'version'], { where: 'parked_at IS NULL' })
export class OutboxRow {
  @PrimaryColumn({ type: 'text', name: 'user_name', primaryKeyConstraintName: 'outbox_pkey' })
  userName!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'outbox_pkey' })
  version!: number;

  @Column('smallint')
  bucket!: number;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  /** Set aside because it cannot be published; see `error`. */
  @Column({ type: 'timestamptz', name: 'parked_at', precision: 3, nullable: true })
  parkedAt!: Date | null;

  @Column({ type: 'text', nullable: true })
  error!: string | null;
}

/** Who publishes a bucket, until when. */
@Entity('outbox_leases')
export class OutboxLeaseRow {
  @PrimaryColumn({ type: 'smallint', primaryKeyConstraintName: 'outbox_leases_pkey' })
  bucket!: number;

  @Column('uuid')
  owner!: string;

  /** Grows by one with each change of hands. */
  @Column('bigint')
  epoch!: string;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt!: Date;
}
