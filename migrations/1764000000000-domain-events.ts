import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DomainEvents1764000000000 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(`
      CREATE TABLE domain_events (
        user_name text NOT NULL,
        version integer NOT NULL,
        event_id uuid NOT NULL,
        basket_id uuid NOT NULL,
        event_type text NOT NULL,
        event_data jsonb NOT NULL,
        metadata jsonb NOT NULL,
        occurred_at timestamptz(3) NOT NULL,
        CONSTRAINT domain_events_pkey PRIMARY KEY (user_name, version)
      )`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP TABLE domain_events');
  }
}
