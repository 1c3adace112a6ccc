import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DomainEventsTypeTime1764000000001 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query('CREATE INDEX domain_events_type_time ON domain_events (event_type, occurred_at)');
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP INDEX domain_events_type_time');
  }
}
