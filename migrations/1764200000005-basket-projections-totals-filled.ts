import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketProjectionsTotalsFilled1764200000005 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(`
      UPDATE basket_projections
      SET total_items = (basket ->> 'totalItems')::integer, total_price = (basket ->> 'totalPrice')::bigint
      WHERE basket IS NOT NULL`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('UPDATE basket_projections SET total_items = NULL, total_price = NULL');
  }
}
