import type { MigrationInterface, QueryRunner } from 'typeorm';

export class BasketAnalytics1764200000006 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // docs/analytics.md says what each figure means. A basket that was deleted, or an earlier one of its user, is in the
    // events alone; of one that is open the projection has the totals. The average value is rounded in whole numbers: a
    // quotient of numeric would be rounded twice.
    await database.query(`
      CREATE MATERIALIZED VIEW basket_analytics AS
      WITH opened AS (
        SELECT user_name, basket_id, (occurred_at AT TIME ZONE 'UTC')::date AS day, event_data ->> 'currency' AS currency
        FROM domain_events WHERE event_type = 'BasketCreated'
      ),
      checked_out AS (
        SELECT user_name, basket_id, (event_data ->> 'totalPrice')::bigint AS value,
               (SELECT sum((item ->> 'quantity')::bigint) FROM jsonb_array_elements(event_data -> 'items') AS item) AS items
        FROM domain_events WHERE event_type = 'BasketCheckedOut'
      ),
      basket AS (
        SELECT opened.user_name, opened.day, opened.currency,
               CASE WHEN checked_out.user_name IS NOT NULL THEN 'checked-out' ELSE open.status END AS status,
               coalesce(checked_out.items, open.total_items) AS items,
               coalesce(checked_out.value, open.total_price) AS value
        FROM opened
        LEFT JOIN checked_out
          ON checked_out.user_name = opened.user_name AND checked_out.basket_id = opened.basket_id
        LEFT JOIN basket_projections AS open
          ON open.user_name = opened.user_name AND open.basket_id = opened.basket_id
          AND open.status IN ('active', 'abandoned')
      ),
      summed AS (
        SELECT day, currency,
               count(DISTINCT user_name) AS unique_users,
               count(*) AS baskets,
               count(*) FILTER (WHERE status = 'checked-out') AS checked_out,
               count(*) FILTER (WHERE status = 'abandoned') AS abandoned,
               count(*) FILTER (WHERE items > 0) AS filled,
               coalesce(sum(items), 0) AS items,
               coalesce(sum(value), 0) AS value
        FROM basket GROUP BY day, currency
      )
      SELECT day, currency, unique_users, baskets, checked_out, abandoned,
             coalesce(round(items / nullif(filled, 0), 2), 0) AS average_items,
             coalesce(div(2 * value + filled, 2 * nullif(filled, 0)), 0) AS average_value,
             round(abandoned::numeric / baskets, 4) AS abandonment_rate,
             round(checked_out::numeric / baskets, 4) AS conversion_rate
      FROM summed`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP MATERIALIZED VIEW basket_analytics');
  }
}
