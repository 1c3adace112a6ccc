import { jest } from '@jest/globals';
import pg from 'pg';
import { VERSION, without } from '../support/guards.js';
import { damagesOf, race } from '../support/race.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import { count, figure } from '../support/sizes.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';

jest.setTimeout(180_000);

const WRITERS = 64;

describeWith(['postgres', 'redis'], 'two processes and 64 writers', () => {
  let storage: Storage;

  beforeEach(async () => {
    storage = await createStorage();
  });
  afterEach(() => storage[Symbol.asyncDispose]());

  it('lose no acknowledged add, and none is there twice', async () => {
    await using one = await ServiceProcess.start(storage.env);
    await using other = await ServiceProcess.start(storage.env);
    const urls = [one.url, other.url];
    const outcome = await race(urls, WRITERS);
    expect(outcome.refusals.filter((status) => status !== 409)).toEqual([]);
    expect(outcome.baskets[0]?.products.size).toBeGreaterThan(WRITERS);
    expect(outcome.baskets[0]?.shared).toBeGreaterThan(WRITERS);
    const damages = await damagesOf(outcome, urls, storage.env.DATABASE_URL ?? '');
    const acknowledged = outcome.baskets.flatMap(({ versions }) => versions).length;
    figure(
      'no lost update',
      `${WRITERS} writers, 2 processes, ${count(outcome.baskets.length)} baskets, ${count(acknowledged)} adds acknowledged, ` +
        `${outcome.refusals.length} refused with 409, ${damages.length} faults`,
    );
    expect(damages).toEqual([]);
  });

  it('lose some without the guard of the version: the test above can fail', async () => {
    const database = new pg.Client({ connectionString: storage.env.DATABASE_URL });
    await database.connect();
    // The keys are a second guard: nothing of one version is stored twice.
    for (const table of ['domain_events', 'outbox', 'basket_snapshots'])
      await database.query(`ALTER TABLE ${table} DROP CONSTRAINT ${table}_pkey`);
    await database.end();
    const { env, nodeArguments, errors: said } = without([VERSION]);
    await using one = await ServiceProcess.start({ ...storage.env, ...env }, nodeArguments);
    await using other = await ServiceProcess.start({ ...storage.env, ...env }, nodeArguments);
    for (const { errors } of [one, other]) expect(errors).toBe(said);
    const urls = [one.url, other.url];
    const outcome = await race(urls, WRITERS);
    const damages = (await damagesOf(outcome, urls, storage.env.DATABASE_URL ?? '')).join('\n');
    figure('no lost update (control: no guard of the version)', damages.split('\n').slice(0, 2).join('; '));
    expect(damages).toMatch(/adds were lost/);
    expect(damages).toMatch(/pieces are there/);
    expect(damages).toMatch(/versions of the events have gaps or repeat/);
  });
});
