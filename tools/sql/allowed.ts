/** Tables that are not spread over machines by `user_name`, what leads their keys instead, and why that is right. */
export const OTHER_KEYS: Readonly<Record<string, { readonly key: string; readonly reason: string }>> = {
  outbox_leases: {
    key: 'bucket',
    reason:
      '64 rows that say which relay publishes which bucket; they are of no user, and small enough for a reference table',
  },
  erased_streams: {
    key: 'tombstone',
    reason:
      'one row an erased user, which must not have the name; read where a user has no row, and small enough for a reference table',
  },
  job_leases: {
    key: 'job',
    reason: 'a row for each job that one process runs at a time; they are of no user',
  },
};

/** Files whose SQL no request and no migration sends, and why it is left out. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'src/database/privileges.ts':
    "grants, sent by the owner of the schema after its migrations: no statement of the service's",
};

/** Functions that answer the same for the same arguments, or that only read: anything else must be looked at first. */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['unnest', 'starts_with', 'md5', 'octet_length', 'coalesce', 'greatest', 'least', 'lower', 'date_trunc'],
  ...['json_array_length', 'jsonb_array_elements', 'round', 'div', 'timezone', 'extract', 'substr', 'length'],
  ...['count', 'min', 'max', 'sum', 'avg', 'array_agg'],
]);

export interface Allowance {
  /** Where the SQL stands, from the root of the repository. */
  readonly file: string;
  /** What it starts with, its white space reduced to single blanks. */
  readonly text: string;
  readonly rule: string;
  readonly reason: string;
}

/** What a rule forbids and we do all the same. One that is not met any more is reported, too. */
export const ALLOWANCES: readonly Allowance[] = [
  ...['UPDATE job_leases SET owner', 'UPDATE job_leases SET expires_at = now()', 'SELECT bucket, owner'].map(
    (text) => ({
      file: text.startsWith('SELECT') ? 'src/outbox/lease-statements.ts' : 'src/jobs/job-lease.ts',
      text,
      rule: 'function',
      reason: 'who holds a lease is judged by the one clock that all processes share; no request waits for it',
    }),
  ),
  {
    file: 'src/outbox/lease-statements.ts',
    text: 'DELETE FROM outbox_leases',
    rule: 'write-key',
    reason: 'the attendance rows of relays that are gone, whichever they are',
  },
  {
    file: 'src/outbox/outbox.ts',
    text: 'SELECT count(*)::integer AS events',
    rule: 'function',
    reason: 'how long the oldest pointer has waited, for probes and metrics',
  },
  {
    file: 'src/analytics/refresh-analytics.ts',
    text: 'SELECT refresh_basket_analytics()',
    rule: 'function',
    reason: 'refreshes the view with the rights of its owner; a job runs it, no request',
  },
  ...['SELECT close_erased_stream', 'SELECT erase_stream_page'].map((text) => ({
    file: 'src/user-data/statements.ts',
    text,
    rule: 'function',
    reason: 'erases with the rights of the owner; an admin asks for it, no shopper',
  })),
  ...['1764300000003-close-erased-stream', '1764300000004-erase-stream-page'].map((migration) => ({
    file: `migrations/${migration}.ts`,
    text: 'CREATE FUNCTION',
    rule: 'statement-kind',
    reason: 'the role of the service must not be able to delete events but by erasing a user',
  })),
  {
    file: 'migrations/1764200000008-refresh-basket-analytics.ts',
    text: 'CREATE FUNCTION refresh_basket_analytics()',
    rule: 'statement-kind',
    reason: 'the service must not own the view, and only its owner may refresh it',
  },
  ...['1764200000002-basket-projections-active-hour-filled', '1764200000005-basket-projections-totals-filled'].flatMap(
    (migration) =>
      ['statement-kind', 'write-key'].map((rule) => ({
        file: `migrations/${migration}.ts`,
        text: 'UPDATE basket_projections SET',
        rule,
        reason: 'fills new columns of all rows once',
      })),
  ),
  ...['BEGIN', 'COMMIT'].map((text) => ({
    file: 'src/database/migrate.ts',
    text,
    rule: 'statement-kind',
    reason: 'holds the lock of the migrations, on a connection of its own',
  })),
  {
    file: 'src/database/migrate.ts',
    text: 'SELECT pg_advisory_xact_lock($1)',
    rule: 'function',
    reason: 'one job migrates at a time; the lock is the transaction’s, not the session’s, and no request takes it',
  },
  {
    file: 'src/database/folder-lock.ts',
    text: 'BEGIN EXCLUSIVE',
    rule: 'parse',
    reason: 'SQLite, for a lock on a folder',
  },
  {
    file: 'src/database/embedded-postgres.ts',
    text: 'ROLLBACK',
    rule: 'statement-kind',
    reason: 'the embedded server has one session: the next connection must not find itself in a transaction',
  },
];
