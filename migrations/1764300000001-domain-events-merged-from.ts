import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DomainEventsMergedFrom1764300000001 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // A merge is the one event that names another user than its own: who is erased must be found in all of them.
    await database.query(`
      CREATE INDEX domain_events_merged_from ON domain_events ((event_data ->> 'fromUserName'))
      WHERE event_type = 'BasketsMerged'`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP INDEX domain_events_merged_from');
  }
}
