import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OutboxByBucket1764100000005 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(
      'CREATE INDEX outbox_by_bucket ON outbox (bucket, user_name, version) WHERE parked_at IS NULL',
    );
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP INDEX outbox_by_bucket');
  }
}
