import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketProjectionsActive1764200000003 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // By the hour, so that most writes of a basket leave it alone and stay off all indexes (HOT).
    await database.query(`
      CREATE INDEX basket_projections_active ON basket_projections (active_hour, user_name)
      WHERE active_hour IS NOT NULL`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP INDEX basket_projections_active');
  }
}
