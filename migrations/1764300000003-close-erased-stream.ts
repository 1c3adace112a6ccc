import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CloseErasedStream1764300000003 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // With the rights of the owner, as the role of the service may not delete. The row of the projection goes where it
    // is at the version that was seen (0: there is none), and in the same moment the tombstone takes its place.
    await database.query(`
      CREATE FUNCTION close_erased_stream(
        erased text, seen integer, erased_tombstone text, last_version integer, at timestamptz
      ) RETURNS boolean
      LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
      AS $$
        WITH removed AS (
          DELETE FROM basket_projections WHERE user_name = $1 AND version = $2 RETURNING user_name
        ),
        closed AS (
          INSERT INTO erased_streams (tombstone, version, closed_at, finished)
          SELECT $3, $4, $5, false
          WHERE NOT EXISTS (SELECT FROM domain_events WHERE user_name = $1 AND version > $4)
            AND (EXISTS (SELECT FROM removed)
                 OR $2 = 0 AND NOT EXISTS (SELECT FROM basket_projections WHERE user_name = $1))
          ON CONFLICT (tombstone) DO UPDATE
          SET version = greatest(erased_streams.version, excluded.version), closed_at = excluded.closed_at, finished = false
          RETURNING tombstone
        )
        SELECT EXISTS (SELECT FROM closed)
      $$`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP FUNCTION close_erased_stream');
  }
}
