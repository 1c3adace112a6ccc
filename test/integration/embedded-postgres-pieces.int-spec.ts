import { jest } from '@jest/globals';
import type pg from 'pg';
import { connectTo, takeBareEmbedded } from '../support/embedded.js';

jest.setTimeout(120_000);

/** They are pieces of 8192 bytes, so that the message that ends an answer may be cut anywhere. */
describe('The pieces in which the embedded PostgreSQL answers', () => {
  let release: () => Promise<void>;
  let one: pg.Client;
  let other: pg.Client;

  beforeAll(async () => {
    const taken = await takeBareEmbedded();
    ({ release } = taken);
    [one, other] = [await connectTo(taken.embedded), await connectTo(taken.embedded)];
    await one.query('CREATE TABLE notes (note text)');
  });
  afterAll(async () => {
    for (const client of [one, other]) await client.end();
    await release();
  });

  const near = (length: number) => Array.from({ length: 40 }, (_, at) => length - 20 + at);

  it('do not hide that a transaction was opened', async () => {
    for (const length of near(8120)) {
      await one.query(`BEGIN; INSERT INTO notes VALUES ('lost'); SELECT repeat('Z', ${length})`);
      const reading = other.query('SELECT note FROM notes');
      await one.query('SELECT 1');
      await one.query('ROLLBACK');
      expect([length, (await reading).rows]).toEqual([length, []]);
    }
  });

  it('do not hide that a transaction was closed', async () => {
    for (const length of near(8120)) {
      await one.query('BEGIN');
      await one.query(`SELECT repeat('Z', ${length}); ROLLBACK`);
      expect([length, (await other.query('SELECT note FROM notes')).rows]).toEqual([length, []]);
    }
  });

  it('do not look like an open transaction', async () => {
    for (const length of near(5432)) {
      expect((await one.query(`SELECT repeat('Z', ${length}) FROM generate_series(1, 3)`)).rows).toHaveLength(3);
      expect([length, (await other.query('SELECT note FROM notes')).rows]).toEqual([length, []]);
    }
  });
});
