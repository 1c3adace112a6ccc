import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketProjectionsTotals1764200000004 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // For analytics, which would have to parse every basket.
    await database.query(
      'ALTER TABLE basket_projections ADD COLUMN total_items integer, ADD COLUMN total_price bigint',
    );
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('ALTER TABLE basket_projections DROP COLUMN total_items, DROP COLUMN total_price');
  }
}
