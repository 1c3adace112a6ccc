import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DomainEventsCauseOnce1764100000002 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(`
      CREATE UNIQUE INDEX domain_events_cause ON domain_events (user_name, causation_id)
      WHERE causation_id IS NOT NULL`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP INDEX domain_events_cause');
  }
}
