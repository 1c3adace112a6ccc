import { loadModule, parseSync } from 'libpg-query';
import { check } from './rules.ts';
import type { Purpose, Rule } from './rules.ts';
import { schemaOf } from './schema.ts';
import type { Tree } from './tree.ts';

const treesOf = (text: string) => (parseSync(text).stmts ?? []).map(({ stmt }) => stmt as unknown as Tree);

const TABLES = `
  CREATE TABLE baskets (user_name text NOT NULL, version integer NOT NULL, status text, PRIMARY KEY (user_name, version));
  CREATE TABLE outbox_leases (bucket smallint, owner uuid, epoch bigint, PRIMARY KEY (bucket));
  CREATE MATERIALIZED VIEW analytics AS SELECT count(*) AS baskets FROM baskets`;

function rulesBroken(text: string, purpose: Purpose): Rule[] {
  const schema = schemaOf(treesOf(TABLES));
  return [...new Set(check(treesOf(text), purpose, schema).map(({ rule }) => rule))];
}

beforeAll(() => loadModule());

describe('A statement', () => {
  it.each([
    'SELECT version FROM baskets WHERE user_name = $1',
    'SELECT count(*) FROM baskets',
    'INSERT INTO baskets (user_name, version) VALUES ($1, $2)',
    'INSERT INTO baskets (version, user_name) SELECT 1, name FROM unnest($1::text[]) AS name ON CONFLICT (user_name, version) DO NOTHING',
    'INSERT INTO baskets (user_name, version) VALUES ($1, 1) ON CONFLICT (user_name, version) DO UPDATE SET status = excluded.status',
    "UPDATE baskets SET status = 'x' WHERE user_name = $1 AND version = $2",
    "UPDATE baskets SET status = 'x' WHERE version = 2 AND user_name = ANY($1)",
    "UPDATE baskets SET status = 'x' WHERE $1 = user_name",
    'UPDATE baskets AS b SET status = t.status FROM unnest($1::text[], $2::text[]) AS t (user_name, status) WHERE b.user_name = t.user_name',
    "UPDATE baskets SET status = 'x' WHERE (user_name, version) IN (SELECT user_name, version FROM baskets)",
    'DELETE FROM baskets USING unnest($1::text[]) AS done (user_name) WHERE baskets.user_name = done.user_name',
    "DELETE FROM baskets WHERE user_name IN ('a', 'b')",
    'UPDATE outbox_leases SET epoch = epoch + 1 WHERE bucket = $1 AND epoch = $2',
    'INSERT INTO outbox_leases (bucket, owner, epoch) VALUES ($1, $2, 0) ON CONFLICT (bucket) DO NOTHING',
    'SELECT version FROM baskets WHERE user_name = $1 FOR UPDATE',
  ])('may be: %s', (text) => expect(rulesBroken(text, 'statement')).toEqual([]));

  it.each<[Rule, string]>([
    ['write-key', "UPDATE baskets SET status = 'x'"],
    ['write-key', "UPDATE baskets SET status = 'x' WHERE version = 1"],
    ['write-key', "UPDATE baskets SET status = 'x' WHERE user_name = $1 OR version = 1"],
    ['write-key', "UPDATE baskets SET status = 'x' WHERE NOT user_name = $1"],
    ['write-key', "UPDATE baskets SET status = 'x' WHERE user_name <> $1"],
    ['write-key', "UPDATE baskets SET status = 'x' WHERE user_name = user_name"],
    ['write-key', "UPDATE baskets SET status = 'x' WHERE user_name > $1"],
    ['write-key', "UPDATE baskets SET status = 'x' WHERE user_name <> ALL($1)"],
    ['write-key', "UPDATE baskets AS b SET status = 'x' FROM baskets AS o WHERE o.user_name = $1"],
    ['write-key', "UPDATE baskets SET status = 'x' WHERE EXISTS (SELECT FROM baskets AS o WHERE o.user_name = $1)"],
    ['write-key', 'UPDATE baskets SET user_name = $2 WHERE user_name = $1'],
    ['write-key', 'DELETE FROM baskets'],
    ['write-key', 'DELETE FROM baskets WHERE version < 5'],
    ['write-key', 'DELETE FROM outbox_leases WHERE owner = $1'],
    ['write-key', 'INSERT INTO baskets (version) VALUES (1)'],
    ['write-key', 'INSERT INTO baskets VALUES ($1, 1)'],
    ['write-key', 'INSERT INTO baskets DEFAULT VALUES'],
    ['write-key', 'WITH gone AS (DELETE FROM baskets RETURNING user_name) SELECT user_name FROM gone'],
    ['conflict-key', 'INSERT INTO baskets (user_name, version) VALUES ($1, 1) ON CONFLICT DO NOTHING'],
    [
      'conflict-key',
      'INSERT INTO baskets (user_name, version) VALUES ($1, 1) ON CONFLICT (version, user_name) DO NOTHING',
    ],
    [
      'conflict-key',
      'INSERT INTO baskets (user_name, version) VALUES ($1, 1) ON CONFLICT ON CONSTRAINT b_pkey DO NOTHING',
    ],
    ['conflict-key', 'INSERT INTO outbox_leases (bucket, epoch) VALUES (1, 1) ON CONFLICT (owner) DO NOTHING'],
    [
      'write-key',
      'INSERT INTO baskets (user_name, version) VALUES ($1, 1) ON CONFLICT (user_name) DO UPDATE SET user_name = $2',
    ],
    ['unknown-table', 'DELETE FROM basket WHERE user_name = $1'],
    ['unknown-table', 'UPDATE analytics SET baskets = 1 WHERE user_name = $1'],
    ['skip-locked', 'SELECT version FROM baskets WHERE user_name = $1 FOR UPDATE SKIP LOCKED'],
    ['function', 'UPDATE baskets SET status = now()::text WHERE user_name = $1'],
    ['function', 'UPDATE baskets SET status = CURRENT_TIMESTAMP::text WHERE user_name = $1'],
    ['function', 'UPDATE baskets SET status = pg_catalog.random()::text WHERE user_name = $1'],
    ['function', 'INSERT INTO baskets (user_name, version) VALUES (gen_random_uuid()::text, 1)'],
    ['function', "SELECT nextval('s')"],
    ['function', 'SELECT pg_advisory_lock($1)'],
    ['function', 'SELECT pg_try_advisory_lock_shared($1)'],
    ['function', "SELECT pg_notify('baskets', $1)"],
    ['function', 'SELECT pg_current_xact_id()'],
    ['transaction-id', 'SELECT user_name FROM baskets ORDER BY xmin'],
    ['statement-kind', 'LISTEN baskets'],
    ['statement-kind', 'NOTIFY baskets'],
    ['statement-kind', 'TRUNCATE baskets'],
    ['statement-kind', 'LOCK TABLE baskets'],
    ['statement-kind', 'CREATE TEMP TABLE t (user_name text PRIMARY KEY)'],
    ['statement-kind', 'REFRESH MATERIALIZED VIEW analytics'],
    [
      'statement-kind',
      'MERGE INTO baskets USING unnest($1::text[]) AS t (user_name) ON baskets.user_name = t.user_name WHEN MATCHED THEN DELETE',
    ],
    ['one-statement', 'SELECT 1; SELECT 2'],
  ])('breaks %s: %s', (rule, text) => expect(rulesBroken(text, 'statement')).toEqual([rule]));
});

describe('A migration', () => {
  it.each([
    'CREATE TABLE t (user_name text NOT NULL, version integer, UNIQUE (user_name, version), CONSTRAINT t_pkey PRIMARY KEY (user_name))',
    'CREATE TABLE t (user_name text PRIMARY KEY, n integer NOT NULL DEFAULT 0)',
    'CREATE TABLE t (user_name text, n integer, PRIMARY KEY (user_name, n), FOREIGN KEY (user_name, n) REFERENCES baskets (user_name, version))',
    'CREATE TABLE outbox_leases (bucket smallint PRIMARY KEY)',
    'CREATE INDEX i ON baskets (status)',
    'CREATE UNIQUE INDEX i ON baskets (user_name, status) WHERE status IS NOT NULL',
    'CREATE UNIQUE INDEX CONCURRENTLY i ON baskets (user_name)',
    'CREATE UNIQUE INDEX i ON analytics (baskets)',
    'CREATE MATERIALIZED VIEW v AS SELECT user_name, max(version) AS version FROM baskets GROUP BY user_name',
    'ALTER TABLE baskets ADD COLUMN a text, ADD COLUMN b text',
    'ALTER TABLE baskets DROP COLUMN status',
    'DROP TABLE baskets',
  ])('may be: %s', (text) => expect(rulesBroken(text, 'migration')).toEqual([]));

  it.each<[Rule, string]>([
    ['key-lead', 'CREATE TABLE t (user_name text, n integer)'],
    ['key-lead', 'CREATE TABLE t (user_name text, n integer PRIMARY KEY)'],
    ['key-lead', 'CREATE TABLE t (user_name text, n integer, PRIMARY KEY (n, user_name))'],
    ['key-lead', 'CREATE TABLE t (user_name text PRIMARY KEY, event_id uuid UNIQUE)'],
    ['key-lead', 'CREATE TABLE t (user_name text PRIMARY KEY, event_id uuid, UNIQUE (event_id, user_name))'],
    [
      'key-lead',
      'CREATE TABLE t (user_name text PRIMARY KEY, n integer, FOREIGN KEY (n) REFERENCES baskets (version))',
    ],
    ['key-lead', 'CREATE TABLE t (user_name text PRIMARY KEY, n integer REFERENCES baskets (version))'],
    ['key-lead', 'CREATE TABLE outbox_leases (bucket smallint, owner uuid PRIMARY KEY)'],
    ['key-lead', 'CREATE UNIQUE INDEX i ON baskets (status, user_name)'],
    ['key-lead', 'CREATE UNIQUE INDEX i ON baskets (lower(user_name))'],
    ['keys-inline', 'ALTER TABLE baskets ADD CONSTRAINT k UNIQUE (user_name, status)'],
    ['keys-inline', 'ALTER TABLE baskets ADD PRIMARY KEY (user_name)'],
    ['keys-inline', 'ALTER TABLE baskets ADD COLUMN event_id uuid UNIQUE'],
    ['generated-id', 'CREATE TABLE t (user_name text PRIMARY KEY, n bigserial)'],
    ['generated-id', 'CREATE TABLE t (user_name text PRIMARY KEY, n serial4)'],
    ['generated-id', 'CREATE TABLE t (user_name text PRIMARY KEY, n integer GENERATED ALWAYS AS IDENTITY)'],
    ['generated-id', 'ALTER TABLE baskets ALTER COLUMN version ADD GENERATED BY DEFAULT AS IDENTITY'],
    ['generated-id', 'ALTER TABLE baskets ADD COLUMN n smallserial'],
    ['deferrable-or-exclusion', 'CREATE TABLE t (user_name text PRIMARY KEY, EXCLUDE USING gist (user_name WITH =))'],
    ['deferrable-or-exclusion', 'CREATE TABLE t (user_name text, PRIMARY KEY (user_name) DEFERRABLE)'],
    ['deferrable-or-exclusion', 'CREATE TABLE t (user_name text PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)'],
    ['function', 'CREATE TABLE t (user_name text PRIMARY KEY, at timestamptz DEFAULT now())'],
    ['function', 'CREATE TABLE t (user_name text PRIMARY KEY, at timestamptz DEFAULT CURRENT_TIMESTAMP)'],
    ['function', 'CREATE TABLE t (user_name text PRIMARY KEY, id uuid DEFAULT gen_random_uuid())'],
    ['function', "ALTER TABLE baskets ALTER COLUMN version SET DEFAULT nextval('s')"],
    ['statement-kind', 'CREATE TRIGGER g AFTER INSERT ON baskets EXECUTE FUNCTION f()'],
    ['statement-kind', 'CREATE CONSTRAINT TRIGGER g AFTER INSERT ON baskets FOR EACH ROW EXECUTE FUNCTION f()'],
    ['statement-kind', 'CREATE RULE r AS ON INSERT TO baskets DO NOTHING'],
    ['statement-kind', 'ALTER TABLE baskets ENABLE TRIGGER g'],
    ['statement-kind', 'CREATE SEQUENCE s'],
    ['statement-kind', 'CREATE EXTENSION pgcrypto'],
    ['statement-kind', 'CREATE TABLE t AS SELECT user_name FROM baskets'],
    ['statement-kind', 'BEGIN'],
    ['statement-kind', "UPDATE baskets SET status = 'x' WHERE user_name = 'a'"],
    ['one-statement', 'DROP INDEX i; DROP INDEX j'],
  ])('breaks %s: %s', (rule, text) => expect(rulesBroken(text, 'migration')).toEqual([rule]));
});
