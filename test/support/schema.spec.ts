import type pg from 'pg';
import { connectTo, takeEmbedded } from './embedded.js';
import type { TakenEmbedded } from './embedded.js';
import { cleared, schemaOf } from './schema.js';

describe('A database that a test gives back', () => {
  let taken: TakenEmbedded;
  let client: pg.Client;
  let schema: string;
  beforeEach(async () => {
    taken = await takeEmbedded();
    client = await connectTo(taken.embedded);
    schema = await schemaOf(client);
  });
  afterEach(async () => {
    await client.end();
    await taken.release();
  });

  it('is emptied for the next one when its schema is what it was', async () => {
    await client.query("INSERT INTO outbox (user_name, version, bucket, created_at) VALUES ('alice', 1, 1, now())");
    expect(await cleared(client, schema)).toBe(true);
    expect((await client.query('SELECT FROM outbox')).rowCount).toBe(0);
  });

  it.each([
    'ALTER TABLE domain_events DROP CONSTRAINT domain_events_pkey',
    'ALTER TABLE basket_projections ALTER COLUMN version DROP NOT NULL',
    'ALTER TABLE basket_projections ADD COLUMN note text',
    'ALTER TABLE outbox SET (fillfactor = 50)',
    'ALTER TABLE migrations RENAME TO migrations_away',
    'CREATE TABLE notes ()',
    'CREATE INDEX ON outbox (version)',
    'CREATE SCHEMA elsewhere',
    "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    'CREATE VIEW events AS SELECT * FROM domain_events',
    'GRANT SELECT ON outbox TO PUBLIC',
    'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC',
    'ALTER DATABASE postgres CONNECTION LIMIT 9',
    'DELETE FROM migrations WHERE id = 1',
  ])('is not after: %s', async (statement) => {
    await client.query('BEGIN');
    await client.query(statement);
    const isCleared = await cleared(client, schema).catch(() => false);
    await client.query('ROLLBACK');
    expect(isCleared).toBe(false);
  });
});
