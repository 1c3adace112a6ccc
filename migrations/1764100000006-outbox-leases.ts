import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OutboxLeases1764100000006 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(`
      CREATE TABLE outbox_leases (
        bucket smallint NOT NULL,
        owner uuid NOT NULL,
        epoch bigint NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT outbox_leases_pkey PRIMARY KEY (bucket)
      )`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP TABLE outbox_leases');
  }
}
