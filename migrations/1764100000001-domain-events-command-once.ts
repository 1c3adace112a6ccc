import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DomainEventsCommandOnce1764100000001 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(`
      CREATE UNIQUE INDEX domain_events_command ON domain_events (user_name, command_id)
      WHERE command_id IS NOT NULL`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP INDEX domain_events_command');
  }
}
