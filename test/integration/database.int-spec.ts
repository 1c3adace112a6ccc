import pg from 'pg';
import { Database, DatabaseUnavailableError, SerializationError } from '../../src/database/database.js';
import type { BasketDataSource } from '../../src/database/data-source.js';
import { createTestDatabase, testConfig } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { describeWith } from '../support/servers.js';

const FAR_MS = 20_000;
const far = () => performance.now() + FAR_MS;
const sleep = { name: 'sleep', text: 'SELECT pg_sleep($1)' };
/** Runs for as long as another connection has the lock. */
const lock = { name: 'lock', text: 'SELECT pg_advisory_xact_lock(1)' };
const echo = { name: 'echo', text: 'SELECT $1::text AS said' };

describe('A statement', () => {
  let testDatabase: TestDatabase;
  let source: BasketDataSource;
  let database: Database;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    source = await testDatabase.open(testConfig(testDatabase, { DATABASE_POOL_SIZE: '2' }));
    await source.initialize();
    database = new Database(source, !source.embedded);
    await source.query('CREATE TABLE notes (id integer PRIMARY KEY, note text CHECK (length(note) < 9))');
  });
  afterAll(async () => {
    await source.destroy();
    await testDatabase.drop();
  });

  const insert = (id: number, note = 'note') =>
    database.query({ name: 'insert', text: 'INSERT INTO notes VALUES ($1, $2)' }, [id, note], far());

  it('gets its own answer among many', async () => {
    const said = Array.from({ length: 200 }, (_, at) => `${at}`);
    const answers = await Promise.all(said.map((word) => database.query<{ said: string }>(echo, [word], far())));
    expect(answers.map(({ rows }) => rows[0]?.said)).toEqual(said);
  });

  it('that lost against a concurrent one says so', async () => {
    await insert(1);
    await expect(insert(1)).rejects.toThrow(SerializationError);
    for (const code of ['40001', '40P01']) {
      const text = `DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '${code}'; END $$`;
      await expect(database.query({ name: `raise-${code}`, text }, [], far())).rejects.toThrow(SerializationError);
    }
  });

  it('that the server cannot serve now says so', async () => {
    for (const code of ['08006', '53300', '57P01', '57P03', '58030', '25006']) {
      const text = `DO $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '${code}'; END $$`;
      const failing = database.query({ name: `raise-${code}`, text }, [], far());
      await expect(failing).rejects.toThrow(DatabaseUnavailableError);
    }
  });

  it('that is wrong keeps its own error, and the connection', async () => {
    await expect(insert(2, 'much too long')).rejects.toBeInstanceOf(pg.DatabaseError);
    await insert(2);
  });

  it('whose deadline has passed is refused', async () => {
    await expect(database.query(echo, ['late'], performance.now() - 1)).rejects.toThrow(DatabaseUnavailableError);
    expect((await database.query(echo, ['in time'], far())).rows).toEqual([{ said: 'in time' }]);
  });
});

describeWith(['postgres'], 'A deadline', () => {
  let testDatabase: TestDatabase;
  let holder: pg.Client;
  let source: BasketDataSource;
  let database: Database;

  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    source = await testDatabase.open(
      testConfig(testDatabase, { DATABASE_POOL_SIZE: '1', REQUEST_DEADLINE_MS: `${FAR_MS}` }),
    );
    await source.initialize();
    database = new Database(source, true);
    await database.ping(far());
    holder = new pg.Client({ connectionString: testDatabase.url });
    await holder.connect();
    await holder.query('SELECT pg_advisory_lock(1)');
  });
  afterEach(async () => {
    await holder.end();
    await source.destroy();
    await testDatabase.drop();
  });

  /** @returns milliseconds */
  const failing = async (query: Promise<unknown>) => {
    const start = performance.now();
    await expect(query).rejects.toThrow(DatabaseUnavailableError);
    return performance.now() - start;
  };

  it('ends a statement that takes too long, and no other statement waits behind it', async () => {
    expect(await failing(database.query(sleep, [60], performance.now() + 200))).toBeLessThan(10_000);
    for (let n = 0; n < 5; n++) expect((await database.query(echo, [`${n}`], far())).rows).toEqual([{ said: `${n}` }]);
  });

  it('ends the wait for a connection that is in use', async () => {
    const running = database.query(lock, [], far());
    await new Promise(setImmediate);
    expect(await failing(database.ping(performance.now() + 200))).toBeLessThan(10_000);
    await holder.end();
    await running;
    await database.ping(far());
  });

  it('ends the wait for a connection that was idle until another statement of the same moment took it', async () => {
    const running = database.query(lock, [], far());
    expect(await failing(database.ping(performance.now() + 200))).toBeLessThan(10_000);
    await holder.end();
    await running;
    await database.ping(far());
  });
});
