import type { MigrationInterface, QueryRunner } from 'typeorm';

export class RefreshBasketAnalytics1764200000008 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // Only its owner may refresh a view, and the role of the service owns nothing.
    await database.query(`
      CREATE FUNCTION refresh_basket_analytics() RETURNS void
      LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
      AS 'REFRESH MATERIALIZED VIEW CONCURRENTLY basket_analytics'`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP FUNCTION refresh_basket_analytics');
  }
}
