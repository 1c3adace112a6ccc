import pg from 'pg';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import type { Config } from '../../src/config.js';
import { createDataSource } from '../../src/database/data-source.js';
import { BASKET_PROJECTION } from '../../src/basket/persistence/basket-projection.js';
import { Database } from '../../src/database/database.js';
import { EventStore } from '../../src/event-store/event-store.js';
import { Tombstones } from '../../src/event-store/tombstones.js';
import { UserData } from '../../src/user-data/user-data.js';
import { migrateAsOwner } from '../../src/database/migrate.js';
import { someAppend } from '../support/appends.js';
import { soon } from '../support/store.js';
import { someUser } from '../support/app.js';
import { operations, sampleBody } from '../support/contract.js';
import { PostgresServer } from '../support/postgres-server.js';
import { describeWith } from '../support/servers.js';
import { addition } from '../support/shopping.js';
import { exchange } from '../support/wire.js';

const INSUFFICIENT_PRIVILEGE = '42501';
const PRODUCT = '5334c996-8457-4cf0-815c-ed2b77c4ff61';

describeWith(['postgres'], 'The role of the service', () => {
  let server: PostgresServer;
  let config: Config;

  const urlOf = (role: string) => {
    const url = new URL(server.url);
    url.username = role;
    url.pathname = '/basket';
    return url.href;
  };
  const run = async (role: string, ...statements: string[]) => {
    const client = new pg.Client({ connectionString: urlOf(role) });
    await client.connect();
    try {
      let rows: unknown[] = [];
      for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
      return rows;
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    server = await PostgresServer.start();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    // As docs/database-roles.md has it.
    for (const statement of [
      'CREATE ROLE basket_owner LOGIN',
      'CREATE ROLE basket_service LOGIN',
      'CREATE DATABASE basket OWNER basket_owner',
    ])
      await client.query(statement);
    await client.end();
    config = readConfig({
      LOG_LEVEL: 'silent',
      DATABASE_URL: urlOf('basket_service'),
      MIGRATION_DATABASE_URL: urlOf('basket_owner'),
    });
    await migrateAsOwner(config, createDataSource);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('serves every route', async () => {
    const app = await createApp({ ...config, MIGRATE_ON_START: false });
    try {
      await app.listen(0, '127.0.0.1');
      const url = await app.getUrl();
      for (const { method, path, ...operation } of operations) {
        const user = someUser();
        await exchange(url, {
          method: 'POST',
          target: `/baskets/${user}/items`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(addition({ productId: PRODUCT })),
        });
        const body = sampleBody({ method, path, ...operation });
        const answer = await exchange(url, {
          method,
          target: path.replace('{userName}', user).replace('{productId}', PRODUCT),
          headers: body === undefined ? {} : { 'content-type': 'application/json' },
          body: body === undefined ? undefined : JSON.stringify(body),
        });
        expect({ id: operation.operationId, isServed: answer.status < 500 }).toEqual({
          id: operation.operationId,
          isServed: true,
        });
      }
    } finally {
      await app.close();
    }
  });

  it('may be granted the same again, with each migration, by the service when it starts, too', async () => {
    expect(await migrateAsOwner(config, createDataSource)).toEqual([]);
    const app = await createApp(config);
    await app.close();
  });

  const forbidden = [
    'CREATE TABLE extra (id integer)',
    'CREATE TEMPORARY TABLE extra (id integer)',
    'CREATE SCHEMA extra',
    'CREATE FUNCTION extra() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE INDEX extra ON domain_events (event_id)',
    'ALTER TABLE basket_projections ADD COLUMN extra integer',
    'DROP TABLE outbox',
    'TRUNCATE domain_events',
    'UPDATE domain_events SET event_data = event_data',
    'DELETE FROM domain_events',
    'DELETE FROM basket_projections',
    'UPDATE erased_streams SET version = 0',
    'DELETE FROM erased_streams',
    'DELETE FROM migrations',
    "COPY domain_events TO PROGRAM 'true'",
    'CREATE ROLE extra',
  ];

  it.each(forbidden)('may not %s', async (statement) => {
    await expect(run('basket_service', 'BEGIN', statement)).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
  });

  it.each(forbidden.slice(4, 11))('leaves this to the owner, who may %s: the control', async (statement) => {
    await run('basket_owner', 'BEGIN', statement, 'ROLLBACK');
  });

  const ofAlice = (table: string) => `SELECT count(*)::integer AS rows FROM ${table} WHERE user_name = 'alice'`;

  it('deletes nothing of a user but behind a tombstone, and then all: the control', async () => {
    const source = await createDataSource(config);
    await source.initialize();
    const database = new Database(source, true);
    const events = new EventStore(database, BASKET_PROJECTION);
    await events.append(someAppend('alice', 0, { count: 3 }), soon());
    const service = (statement: string) => run('basket_service', statement);
    try {
      expect(await service(`SELECT erase_stream_page('alice', 'none', 100) AS erased`)).toEqual([{ erased: -1 }]);
      expect(await service(`SELECT close_erased_stream('alice', 2, 'some', 9, now()) AS closed`)).toEqual([
        { closed: false },
      ]);
      expect(await service(`SELECT close_erased_stream('alice', 3, 'some', 2, now()) AS closed`)).toEqual([
        { closed: false },
      ]);
      expect(await service(ofAlice('domain_events'))).toEqual([{ rows: 3 }]);
      const data = new UserData(database, events, new Tombstones(), 10_000, () => Promise.resolve());
      expect(await data.erase('alice')).toBe(4);
      expect(await service(ofAlice('domain_events'))).toEqual([{ rows: 0 }]);
    } finally {
      await source.destroy();
    }
  });

  it('alone may execute what deletes', async () => {
    await run('postgres', 'CREATE ROLE other LOGIN');
    for (const call of ["close_erased_stream('alice', 0, 'x', 1, now())", "erase_stream_page('alice', 'x', 1)"])
      await expect(run('other', `SELECT ${call}`)).rejects.toMatchObject({ code: INSUFFICIENT_PRIVILEGE });
  });

  it('is told of each table that there is', async () => {
    const untold = await run(
      'basket_service',
      `SELECT relname FROM pg_class WHERE relkind IN ('r', 'm', 'p', 'v') AND relnamespace = 'public'::regnamespace
       AND NOT has_table_privilege(oid, 'SELECT')`,
    );
    // A new one needs a line in src/database/privileges.ts.
    expect(untold).toEqual([]);
  });

  it('is refused when it could change the schema', async () => {
    const superuser = { ...config, DATABASE_URL: urlOf('postgres') };
    await expect(migrateAsOwner(superuser, createDataSource)).rejects.toThrow(
      'The role postgres of DATABASE_URL could change the schema. Give the service one that owns nothing.',
    );
    await expect(migrateAsOwner({ ...config, DATABASE_URL: urlOf('nobody') }, createDataSource)).rejects.toThrow(
      'role "nobody" does not exist',
    );
  });
});
