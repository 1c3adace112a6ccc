import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The basket as it was at one version, from where time travel folds on. */
@Entity('basket_snapshots')
export class BasketSnapshotRow {
  @PrimaryColumn({ type: 'text', name: 'user_name', primaryKeyConstraintName: 'basket_snapshots_pkey' })
  userName!: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'basket_snapshots_pkey' })
  version!: number;

  /** Null when there was no open basket. */
  @Column({ type: 'json', nullable: true })
  basket!: unknown;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;
}
