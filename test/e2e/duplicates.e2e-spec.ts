import { jest } from '@jest/globals';
import { refusal } from '../support/api.js';
import { doublesIn, repeatAll, sendChanged } from '../support/duplicates.js';
import { KEYS, without } from '../support/guards.js';
import { describeWith } from '../support/servers.js';
import { ServiceProcess } from '../support/service-process.js';
import { count, figure, sized } from '../support/sizes.js';
import { createStorage } from '../support/storage.js';
import type { Storage } from '../support/storage.js';

jest.setTimeout(600_000);

const COMMANDS = sized(48, 1000);
const REPEATS = 20;

describeWith(['postgres', 'redis'], 'two processes that get each of many commands 20 times at once', () => {
  let storage: Storage;

  beforeEach(async () => {
    storage = await createStorage();
  });
  afterEach(() => storage[Symbol.asyncDispose]());

  it('do each once, answer each repeat alike, and refuse the key with another request', async () => {
    await using one = await ServiceProcess.start(storage.env);
    await using other = await ServiceProcess.start(storage.env);
    const commands = await repeatAll([one.url, other.url], COMMANDS, REPEATS);
    expect(commands.flatMap(({ answers }) => answers)).toHaveLength(COMMANDS * REPEATS);
    const doubles = await doublesIn(commands, other.url);
    expect(doubles).toEqual([]);
    for (const answer of await sendChanged(commands, one.url)) refusal(answer, 'idempotency-key-reused');
    expect(await doublesIn(commands, other.url)).toEqual([]);
    figure(
      'duplicates',
      `${count(COMMANDS)} keys x ${REPEATS} repeats, 2 processes, ${doubles.length} with other than one effect and one answer`,
    );
  });

  it('do some again when keys are not looked at: the test above can fail', async () => {
    const { env, nodeArguments, errors: said } = without([KEYS]);
    await using one = await ServiceProcess.start({ ...storage.env, ...env }, nodeArguments);
    await using other = await ServiceProcess.start({ ...storage.env, ...env }, nodeArguments);
    for (const { errors } of [one, other]) expect(errors).toBe(said);
    const commands = await repeatAll([one.url, other.url], 8, REPEATS);
    const doubles = await doublesIn(commands, other.url);
    figure('duplicates (control: no keys)', `8 keys, ${doubles.length} faults`);
    expect(doubles.join('\n')).toMatch(/20 pieces of 1 products/);
  });
});
