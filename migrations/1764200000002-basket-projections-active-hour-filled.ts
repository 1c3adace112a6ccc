import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketProjectionsActiveHourFilled1764200000002 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    await database.query(`
      UPDATE basket_projections SET active_hour = date_trunc('hour', updated_at, 'UTC')
      WHERE status = 'active' AND json_array_length(basket -> 'items') > 0`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('UPDATE basket_projections SET active_hour = NULL');
  }
}
