import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DomainEventsMovedOut1764300000002 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // And the cause of a guest's clearing names the user whom the guest was merged into.
    await database.query(`
      CREATE INDEX domain_events_moved_out ON domain_events (causation_id COLLATE "C")
      WHERE starts_with(causation_id, 'merge:')`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP INDEX domain_events_moved_out');
  }
}
