import type { ClientBase } from 'pg';

/** A line for each object that a test could have changed, or left behind: tables, what is on them, and who may do what with them. */
const SCHEMA = `
  WITH lines (line) AS (
    SELECT concat_ws(' ', 'database', datacl, datconnlimit, setconfig)
    FROM pg_database LEFT JOIN pg_db_role_setting ON setdatabase = pg_database.oid WHERE datname = current_database()
    UNION ALL SELECT concat_ws(' ', 'schema', nspname, nspowner, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT concat_ws(' ', 'extension', extname, extversion) FROM pg_extension
    UNION ALL SELECT concat_ws(' ', 'default privileges', defaclrole, defaclobjtype, defaclacl) FROM pg_default_acl
    UNION ALL SELECT concat_ws(' ', 'type', oid::regtype, typtype) FROM pg_type WHERE typnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'routine', oid::regprocedure, proowner, proacl, proconfig, prosrc)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'relation', oid::regclass, relkind, relowner, relacl, reloptions, relpersistence)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'column', attrelid::regclass, attname, atttypid::regtype, attnotnull, attacl, attidentity,
      attgenerated, pg_get_expr(adbin, adrelid))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) AND attnum > 0
    UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid)
    FROM pg_index WHERE indexrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', 'migration', name) FROM migrations
  )
  SELECT md5(string_agg(line, E'\\n' ORDER BY line)) AS schema,
    (SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables
     WHERE schemaname = 'public' AND tablename <> 'migrations') AS tables,
    (SELECT coalesce(array_agg(format('%I', matviewname)), '{}') FROM pg_matviews
     WHERE schemaname = 'public') AS views
  FROM lines`;

interface Schema {
  readonly schema: string;
  readonly tables: string;
  readonly views: readonly string[];
}

async function read(client: ClientBase): Promise<Schema> {
  const { rows } = await client.query<Schema>(SCHEMA);
  if (!rows[0]) throw new Error('There is no schema.');
  return rows[0];
}

/** What tells one schema from another one, of the database that the connection is to. */
export const schemaOf = async (client: ClientBase): Promise<string> => (await read(client)).schema;

/** Empties all tables and views. @returns whether the schema was, and is, this one: who has another one is not worth another test */
export async function cleared(client: ClientBase, expected: string): Promise<boolean> {
  const { schema, tables, views } = await read(client);
  if (schema !== expected) return false;
  await client.query(`TRUNCATE ${tables} RESTART IDENTITY`);
  for (const view of views) await client.query(`REFRESH MATERIALIZED VIEW ${view}`);
  return true;
}
