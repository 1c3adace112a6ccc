import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Outbox1764100000004 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // A pointer to an event that is still to be published. Rows come and go: vacuum early.
    await database.query(`
      CREATE TABLE outbox (
        user_name text NOT NULL,
        version integer NOT NULL,
        bucket smallint NOT NULL,
        created_at timestamptz(3) NOT NULL,
        parked_at timestamptz(3),
        error text,
        CONSTRAINT outbox_pkey PRIMARY KEY (user_name, version)
      ) WITH (autovacuum_vacuum_scale_factor = 0.02)`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP TABLE outbox');
  }
}
