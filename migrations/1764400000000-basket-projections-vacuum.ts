import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketProjectionsVacuum1764400000000 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // Each write leaves a dead row, and a dead document where it is beyond 2 KB: docs/operations.md, "Vacuum".
    await database.query(`
      ALTER TABLE basket_projections SET (
        autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_limit = 2000,
        toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_cost_limit = 2000
      )`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query(`
      ALTER TABLE basket_projections RESET (
        autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_limit,
        toast.autovacuum_vacuum_scale_factor, toast.autovacuum_vacuum_cost_limit
      )`);
  }
}
