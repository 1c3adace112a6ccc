import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ErasedStreams1764300000000 implements MigrationInterface {
  async up(database: QueryRunner): Promise<void> {
    // What is left of an erased user: a keyed digest of the name, and the version behind which the next basket begins.
    await database.query(`
      CREATE TABLE erased_streams (
        tombstone text NOT NULL,
        version integer NOT NULL,
        closed_at timestamptz(3) NOT NULL,
        finished boolean NOT NULL,
        CONSTRAINT erased_streams_pkey PRIMARY KEY (tombstone)
      )`);
  }

  async down(database: QueryRunner): Promise<void> {
    await database.query('DROP TABLE erased_streams');
  }
}
