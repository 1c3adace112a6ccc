import type { MigrationInterface, QueryRunner } from 'typeorm';

export class EraseStreamPage1764300000004 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // The oldest versions of a stream that is closed, wherever they are, in one statement: no pointer of the outbox is
    // ever without its event. What names the user elsewhere changes with them: merges that emptied this user
    // (BasketsMerged), and what emptied guests for this user, caused by merge:<user>@<version> ('A' follows '@').
    // Answers how many rows are gone; 0: that was all; -1: the stream is not closed (any more).
    await database.query(`
      CREATE FUNCTION erase_stream_page(erased text, erased_tombstone text, most integer) RETURNS integer
      LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
      AS $$
        WITH page AS (
          SELECT least((SELECT min(version) FROM domain_events WHERE user_name = $1),
                       (SELECT min(version) FROM basket_snapshots WHERE user_name = $1),
                       (SELECT min(version) FROM outbox WHERE user_name = $1)) + $3 AS bound
          WHERE EXISTS (SELECT FROM erased_streams WHERE tombstone = $2 AND NOT finished)
            AND NOT EXISTS (SELECT FROM basket_projections WHERE user_name = $1)
        ),
        events AS (
          DELETE FROM domain_events WHERE user_name = $1 AND version < (SELECT bound FROM page) RETURNING version
        ),
        snapshots AS (
          DELETE FROM basket_snapshots WHERE user_name = $1 AND version < (SELECT bound FROM page) RETURNING version
        ),
        pointers AS (
          DELETE FROM outbox WHERE user_name = $1 AND version < (SELECT bound FROM page) RETURNING version
        ),
        moved_out AS (
          UPDATE domain_events AS other
          SET causation_id = CASE WHEN other.version = first.version THEN 'merge:/erased@' || first.event_id END,
              metadata = jsonb_build_object('causationId', 'merge:/erased@' || first.event_id,
                                            'appended', coalesce(first.metadata -> 'appended', '1'))
          FROM domain_events AS first
          WHERE starts_with(first.causation_id, 'merge:')
            AND first.causation_id COLLATE "C" >= 'merge:' || $1 || '@'
            AND first.causation_id COLLATE "C" < 'merge:' || $1 || 'A'
            AND substr(first.causation_id, length($1) + 8) ~ '^[0-9]+$'
            AND first.user_name <> $1 AND EXISTS (SELECT FROM page)
            AND other.user_name = first.user_name AND other.version >= first.version
            AND other.version < first.version + coalesce((first.metadata ->> 'appended')::integer, 1)
        ),
        merged AS (
          UPDATE domain_events SET event_data = jsonb_set(event_data, '{fromUserName}', '"/erased"')
          WHERE event_type = 'BasketsMerged' AND event_data ->> 'fromUserName' = $1 AND user_name <> $1
            AND EXISTS (SELECT FROM page)
        ),
        finished AS (
          UPDATE erased_streams SET finished = true
          WHERE tombstone = $2 AND NOT finished AND EXISTS (SELECT FROM page WHERE bound IS NULL)
        )
        SELECT CASE WHEN EXISTS (SELECT FROM page)
                 THEN (SELECT count(*) FROM events) + (SELECT count(*) FROM snapshots) + (SELECT count(*) FROM pointers)
                 ELSE -1 END::integer
      $$`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP FUNCTION erase_stream_page');
  }
}
