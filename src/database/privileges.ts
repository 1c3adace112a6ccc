import pg from 'pg';
import type { DataSource } from 'typeorm';

/** All that the service does with each table. Events are only ever added, but for erasures (below), and nothing is created, altered or dropped. */
const PRIVILEGES: Readonly<Record<string, string>> = {
  domain_events: 'SELECT, INSERT',
  basket_projections: 'SELECT, INSERT, UPDATE',
  basket_snapshots: 'SELECT, INSERT',
  outbox: 'SELECT, INSERT, UPDATE, DELETE',
  outbox_leases: 'SELECT, INSERT, UPDATE, DELETE',
  job_leases: 'SELECT, INSERT, UPDATE',
  basket_analytics: 'SELECT',
  erased_streams: 'SELECT',
  // To see whether it fits the release.
  migrations: 'SELECT',
};

/**
 * What deletes, with the rights of the owner: all of one user, behind a tombstone, and nothing else. Everybody may
 * execute a new function, so that is taken first.
 */
const FUNCTIONS = [
  'close_erased_stream(text, integer, text, integer, timestamptz)',
  'erase_stream_page(text, text, integer)',
];

/** What a role has that may change the schema. */
const TOO_MUCH = `
  SELECT rolsuper OR rolcreaterole OR has_schema_privilege(oid, current_schema(), 'CREATE')
         OR has_database_privilege(oid, current_database(), 'CREATE, TEMPORARY')
         OR EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND pg_has_role(role.oid, relowner, 'MEMBER'))
         AS "tooMuch"
  FROM pg_roles AS role WHERE rolname = $1`;

/** The role that a connection string, or the environment of the driver, names. */
export const roleOf = (url: string): string => new pg.Client({ connectionString: url }).user ?? '';

/**
 * Leaves the role with what the service needs, in one transaction: processes that serve meanwhile notice nothing.
 *
 * @param owner connected as the role that owns the schema
 * @throws Error when there is no such role, or when it could still change the schema
 */
export async function grantPrivileges(owner: DataSource, role: string): Promise<void> {
  const name = pg.escapeIdentifier(role);
  const [place] = await owner.query<{ schema: string; database: string }[]>(
    'SELECT current_schema() AS schema, current_database() AS database',
  );
  const [inSchema, onDatabase] = [pg.escapeIdentifier(place?.schema ?? ''), pg.escapeIdentifier(place?.database ?? '')];
  await owner.transaction(async (transaction) => {
    for (const statement of [
      `REVOKE CREATE ON SCHEMA ${inSchema} FROM PUBLIC`,
      `REVOKE CREATE, TEMPORARY ON DATABASE ${onDatabase} FROM PUBLIC`,
      `GRANT USAGE ON SCHEMA ${inSchema} TO ${name}`,
      `REVOKE ALL ON ALL TABLES IN SCHEMA ${inSchema} FROM ${name}`,
      ...Object.entries(PRIVILEGES).map(
        ([table, privileges]) => `GRANT ${privileges} ON ${inSchema}.${table} TO ${name}`,
      ),
      ...FUNCTIONS.flatMap((signature) => [
        `REVOKE ALL ON FUNCTION ${inSchema}.${signature} FROM PUBLIC`,
        `GRANT EXECUTE ON FUNCTION ${inSchema}.${signature} TO ${name}`,
      ]),
    ])
      await transaction.query(statement);
  });
  const [found] = await owner.query<{ tooMuch: boolean }[]>(TOO_MUCH, [role]);
  if (found?.tooMuch !== false)
    throw new Error(
      `The role ${role} of DATABASE_URL could change the schema. Give the service one that owns nothing.`,
    );
}
