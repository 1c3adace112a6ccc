import { jest } from '@jest/globals';
import { refusal } from '../support/api.js';
import { doublesIn, repeatAll, sendChanged } from '../support/duplicates.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess, runToEnd } from '../support/service-process.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';

jest.setTimeout(600_000);

/** DUPLICATE_KEYS=1000 is the long form. */
const KEYS = Number(process.env.DUPLICATE_KEYS ?? 80);
const REPEATS = 20;

describeWith(['postgres', 'redis'], 'two processes that get each of many commands 20 times at once', () => {
  let storage: Storage;

  beforeEach(async () => {
    storage = await createStorage();
    expect(await runToEnd(storage.env, 'migrate.js')).toMatchObject({ code: 0 });
  });
  afterEach(() => storage[Symbol.asyncDispose]());

  it('do each once, answer each repeat alike, and refuse the key with another request', async () => {
    await using one = await ServiceProcess.start(storage.env);
    await using other = await ServiceProcess.start(storage.env);
    const commands = await repeatAll([one.url, other.url], KEYS, REPEATS);
    expect(commands.flatMap(({ answers }) => answers)).toHaveLength(KEYS * REPEATS);
    expect(await doublesIn(commands, other.url)).toEqual([]);
    for (const answer of await sendChanged(commands, one.url)) refusal(answer, 'idempotency-key-reused');
    expect(await doublesIn(commands, other.url)).toEqual([]);
  });

  it('do some again when keys are not looked at: the test above can fail', async () => {
    const keyless = ['--import', './test/support/keyless.mjs'];
    await using one = await ServiceProcess.start(storage.env, keyless);
    await using other = await ServiceProcess.start(storage.env, keyless);
    for (const { errors } of [one, other]) expect(errors).toBe('Keys are not looked at.\n');
    const commands = await repeatAll([one.url, other.url], 8, REPEATS);
    expect((await doublesIn(commands, other.url)).join('\n')).toMatch(/20 pieces of 1 products/);
  });
});
