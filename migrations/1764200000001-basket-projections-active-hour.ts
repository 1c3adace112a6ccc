import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketProjectionsActiveHour1764200000001 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query('ALTER TABLE basket_projections ADD COLUMN active_hour timestamptz(3)');
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('ALTER TABLE basket_projections DROP COLUMN active_hour');
  }
}
