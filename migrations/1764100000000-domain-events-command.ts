import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DomainEventsCommand1764100000000 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // The first event of an append carries them; each takes effect once in a stream.
    await database.query('ALTER TABLE domain_events ADD COLUMN command_id text, ADD COLUMN causation_id text');
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('ALTER TABLE domain_events DROP COLUMN command_id, DROP COLUMN causation_id');
  }
}
