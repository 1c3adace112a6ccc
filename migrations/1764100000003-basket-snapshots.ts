import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketSnapshots1764100000003 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(`
      CREATE TABLE basket_snapshots (
        user_name text NOT NULL,
        version integer NOT NULL,
        basket json,
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT basket_snapshots_pkey PRIMARY KEY (user_name, version)
      )`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP TABLE basket_snapshots');
  }
}
