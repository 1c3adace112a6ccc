import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What is left of an erased stream, so that its versions are not used again. It names nobody. */
@Entity('erased_streams')
export class ErasedStreamRow {
  /** `Tombstones.of` the stream. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'erased_streams_pkey' })
  tombstone!: string;

  /** The erasure's own, above all that the stream had: the next event is the one behind it. */
  @Column('integer')
  version!: number;

  @Column({ type: 'timestamptz', name: 'closed_at', precision: 3 })
  closedAt!: Date;

  /** Until then events may be left, and nothing new begins. */
  @Column('boolean')
  finished!: boolean;
}
