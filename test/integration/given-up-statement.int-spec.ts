import { setTimeout } from 'node:timers/promises';
import { DatabaseUnavailableError } from '../../src/database/database.js';
import { describeWith } from '../support/servers.js';
import { TestStore, soon } from '../support/store.js';

const SLEEP = { name: 'sleep', text: 'SELECT pg_sleep(60)' };
const ONE = { name: 'one', text: 'SELECT 1 AS one' };

describeWith(['postgres'], 'A statement that is given up', () => {
  let store: TestStore;
  beforeAll(async () => {
    // One connection: the next statement would get the answer if it came.
    store = await TestStore.open({ DATABASE_POOL_SIZE: '1' });
  });
  afterAll(() => store[Symbol.asyncDispose]());

  it('ends at once, and its connection with it', async () => {
    const { database } = store.process();
    const stop = new AbortController();
    const sleeping = database.query(SLEEP, [], performance.now() + 60_000, stop.signal);
    const outcome = expect(sleeping).rejects.toThrow(DatabaseUnavailableError);
    await setTimeout(50);
    stop.abort();
    await outcome;
    expect((await database.query(ONE, [], soon())).rows).toEqual([{ one: 1 }]);
  });

  it('is not waited for when it was given up before it started', async () => {
    const { database } = store.process();
    const sleeping = database.query(SLEEP, [], performance.now() + 60_000, AbortSignal.abort());
    await expect(sleeping).rejects.toThrow(DatabaseUnavailableError);
  });

  it('is answered as ever when nobody gives it up', async () => {
    const { database } = store.process();
    const stop = new AbortController();
    expect((await database.query(ONE, [], soon(), stop.signal)).rows).toEqual([{ one: 1 }]);
    stop.abort();
    expect((await database.query(ONE, [], soon())).rows).toEqual([{ one: 1 }]);
  });
});
