import pg from 'pg';

/** Drops the databases of this run: workers keep them for the next suite, and one that was killed drops nothing. */
async function dropDatabases(server, run) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
      `basket_test_${run}_`,
    ]);
    for (const { datname } of rows) await client.query(`DROP DATABASE ${datname} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}

export default async function tearDown() {
  const { DATABASE_URL, TEST_RUN } = process.env;
  if (DATABASE_URL) await dropDatabases(DATABASE_URL, TEST_RUN);
}
