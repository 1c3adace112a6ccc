import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { jest } from '@jest/globals';
import pg from 'pg';
import { createDataSource } from '../../src/database/data-source.js';
import type { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import { testConfig } from '../support/database.js';
import { connectTo, openEmbedded, takeBareEmbedded } from '../support/embedded.js';
import { eventually } from '../support/eventually.js';
import { embeddedStorage } from '../support/storage.js';

// To start one takes a while on a busy machine.
jest.setTimeout(120_000);

const streamOf = (client: pg.Client) => (client as unknown as { connection: { stream: Duplex } }).connection.stream;

describe('The embedded PostgreSQL', () => {
  let server: EmbeddedPostgres;
  let release: () => Promise<void>;
  let clients: pg.Client[];

  beforeAll(async () => {
    ({ embedded: server, release } = await takeBareEmbedded());
    const client = await connectTo(server);
    await client.query('CREATE TABLE notes (id integer PRIMARY KEY, note text)');
    await client.end();
  });
  afterAll(() => release());
  beforeEach(async () => {
    clients = [];
    const client = await connectTo(server);
    await client.query('TRUNCATE notes');
    await client.end();
  });
  afterEach(async () => {
    for (const client of clients) await client.end().catch(() => undefined);
  });

  const client = async () => {
    const connected = await connectTo(server);
    clients.push(connected);
    return connected;
  };
  const notes = async (reader: pg.Client) =>
    (await reader.query<{ id: number; note: string }>('SELECT * FROM notes ORDER BY id')).rows;

  it('answers each of many clients what it asked', async () => {
    const many = await Promise.all(Array.from({ length: 20 }, client));
    await Promise.all(
      many.map(async (one, at) => {
        for (let n = 0; n < 20; n++) {
          const { rows } = await one.query('SELECT $1::integer * 1000 + $2::integer AS sum', [at, n]);
          expect(rows).toEqual([{ sum: at * 1000 + n }]);
        }
      }),
    );
  });

  it('speaks the simple and the extended protocol, with several statements, none, and errors', async () => {
    const one = await client();
    const results = (await one.query('SELECT 1 AS a; SELECT 2 AS b')) as unknown as pg.QueryResult[];
    expect(results.map(({ rows }) => rows as unknown)).toEqual([[{ a: 1 }], [{ b: 2 }]]);
    expect((await one.query('')).rows).toEqual([]);
    await expect(one.query('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
    await expect(one.query('SELECT $1::integer', ['x'])).rejects.toMatchObject({ code: '22P02' });
    await expect(one.query('SELECT 1/0; SELECT 2')).rejects.toMatchObject({ code: '22012' });
    expect((await one.query('SELECT $1::text AS t', ['ñ 買い物 🧺'])).rows).toEqual([{ t: 'ñ 買い物 🧺' }]);
  });

  it('shows nobody an open transaction, and lets the others go on after it', async () => {
    const [one, other] = [await client(), await client()];
    await one.query('BEGIN');
    await one.query(`INSERT INTO notes VALUES (1, 'first')`);
    let answered = false;
    const reading = notes(other).finally(() => (answered = true));
    for (let n = 0; n < 20; n++) await one.query(`UPDATE notes SET note = note || $1`, ['.']);
    expect(answered).toBe(false);
    await one.query('COMMIT');
    expect(await reading).toEqual([{ id: 1, note: `first${'.'.repeat(20)}` }]);
  });

  it('runs transactions one after another', async () => {
    const counter = await client();
    await counter.query(`INSERT INTO notes VALUES (1, '0')`);
    const many = await Promise.all(Array.from({ length: 10 }, client));
    await Promise.all(
      many.map(async (one) => {
        for (let n = 0; n < 5; n++) {
          await one.query('BEGIN');
          const [row] = await notes(one);
          await one.query('UPDATE notes SET note = $1', [String(Number(row?.note) + 1)]);
          await one.query('COMMIT');
        }
      }),
    );
    expect(await notes(counter)).toEqual([{ id: 1, note: '50' }]);
  });

  it('loses updates without transactions, which shows that the clients do take turns', async () => {
    const counter = await client();
    await counter.query(`INSERT INTO notes VALUES (1, '0')`);
    const many = await Promise.all(Array.from({ length: 10 }, client));
    await Promise.all(
      many.map(async (one) => {
        const [row] = await notes(one);
        await one.query('UPDATE notes SET note = $1', [String(Number(row?.note) + 1)]);
      }),
    );
    expect(Number((await notes(counter))[0]?.note)).toBeLessThan(10);
  });

  it('keeps a failed transaction to the client that failed', async () => {
    const [one, other] = [await client(), await client()];
    await one.query('BEGIN');
    await one.query(`INSERT INTO notes VALUES (1, 'lost')`);
    await expect(one.query(`INSERT INTO notes VALUES (1, 'twice')`)).rejects.toMatchObject({ code: '23505' });
    const reading = notes(other);
    await expect(one.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
    await one.query('COMMIT');
    expect(await reading).toEqual([]);
  });

  it.each([
    ['ends its connection', (one: pg.Client) => one.end()],
    [
      'breaks its connection off',
      (one: pg.Client) => {
        streamOf(one).destroy();
        return Promise.resolve();
      },
    ],
    [
      'breaks its connection off in the middle of a statement',
      async (one: pg.Client) => {
        const writing = one.query(`INSERT INTO notes SELECT id, 'lost' FROM generate_series(10, 1000) AS id`);
        streamOf(one).destroy();
        await expect(writing).rejects.toThrow('Connection terminated');
      },
    ],
  ])('forgets the transaction of a client that %s', async (_, leave) => {
    const [one, other] = [await connectTo(server), await client()];
    await one.query('BEGIN');
    await one.query(`INSERT INTO notes VALUES (1, 'lost')`);
    const reading = notes(other);
    await leave(one);
    expect(await reading).toEqual([]);
    await other.query('BEGIN');
    await other.query(`INSERT INTO notes VALUES (2, 'kept')`);
    await other.query('COMMIT');
    expect(await notes(await client())).toEqual([{ id: 2, note: 'kept' }]);
  });

  it('passes over a client that leaves while it waits', async () => {
    const [one, other] = [await client(), await client()];
    await one.query('BEGIN');
    const impatient = new pg.Client({ user: 'postgres', database: 'postgres', stream: server.connect });
    impatient.on('error', () => undefined);
    const connecting = impatient.connect();
    streamOf(impatient).destroy();
    await expect(connecting).rejects.toThrow('Connection terminated');
    const reading = notes(other);
    await one.query('COMMIT');
    expect(await reading).toEqual([]);
  });

  it('takes and gives much', async () => {
    const one = await client();
    const note = randomBytes(3_000_000).toString('hex');
    await one.query('INSERT INTO notes VALUES (1, $1)', [note]);
    expect((await notes(one))[0]?.note === note).toBe(true);
    const { rows } = await one.query<{ n: number }>('SELECT generate_series(1, 100000) AS n');
    expect(rows.length).toBe(100_000);
    expect(rows.at(-1)).toEqual({ n: 100_000 });
    expect((await one.query('SELECT 1 AS still')).rows).toEqual([{ still: 1 }]);
  });

  it('keeps what is on disk when it is closed and opened again', async () => {
    await using storage = await embeddedStorage('nothing');
    const config = testConfig({ url: undefined, open: createDataSource, drop: () => Promise.resolve() }, storage.env);
    const first = await createDataSource(config);
    await first.initialize();
    await migrate(first, undefined);
    await first.query('CREATE TABLE notes AS SELECT id, md5(id::text) AS note FROM generate_series(1, 1000) AS id');
    await expect(createDataSource(config)).rejects.toThrow('open');
    await first.destroy();

    const second = await createDataSource(config);
    await second.initialize();
    const [kept] = await second.query<{ count: number; right: number }[]>(
      'SELECT count(*)::integer AS count, (count(*) FILTER (WHERE note = md5(id::text)))::integer AS right FROM notes',
    );
    expect(kept).toEqual({ count: 1000, right: 1000 });
    expect(await migrate(second, undefined)).toEqual([]);
    await second.destroy();
  });

  it('closes while clients are connected', async () => {
    const brief = await openEmbedded();
    const one = new pg.Client({ user: 'postgres', database: 'postgres', stream: brief.connect });
    let failed = false;
    one.on('error', () => (failed = true));
    await one.connect();
    await one.query('SELECT 1');
    await brief.close();
    await expect(one.query('SELECT 1')).rejects.toThrow();
    await eventually(() => failed);
    await one.end().catch(() => undefined);
  });
});
