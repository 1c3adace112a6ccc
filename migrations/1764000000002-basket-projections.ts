import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketProjections1764000000002 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // Rows are rewritten at each event: room on the page keeps those updates off the index (HOT).
    await database.query(`
      CREATE TABLE basket_projections (
        user_name text NOT NULL,
        basket_id uuid NOT NULL,
        status text NOT NULL,
        version integer NOT NULL,
        basket json,
        last_event_id uuid NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT basket_projections_pkey PRIMARY KEY (user_name)
      ) WITH (fillfactor = 70)`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP TABLE basket_projections');
  }
}
