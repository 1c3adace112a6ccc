import type { MigrationInterface, QueryRunner } from 'typeorm';

export class JobLeases1764200000000 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(`
      CREATE TABLE job_leases (
        job text NOT NULL,
        owner uuid NOT NULL,
        epoch bigint NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        last_run_at timestamptz(3),
        CONSTRAINT job_leases_pkey PRIMARY KEY (job)
      )`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP TABLE job_leases');
  }
}
