import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Which process runs a job, until when. */
@Entity('job_leases')
export class JobLeaseRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'job_leases_pkey' })
  job!: string;

  @Column('uuid')
  owner!: string;

  /** Grows by one with each run. */
  @Column('bigint')
  epoch!: string;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt!: Date;

  /** When the last run began that came to its end. */
  @Column({ type: 'timestamptz', name: 'last_run_at', precision: 3, nullable: true })
  lastRunAt!: Date | null;
}
