import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketAnalyticsDayCurrency1764200000007 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // Without a unique index it could not be refreshed while it is read.
    await database.query('CREATE UNIQUE INDEX basket_analytics_day_currency ON basket_analytics (day, currency)');
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP INDEX basket_analytics_day_currency');
  }
}
