import { jest } from '@jest/globals';
import { erasing, shopper } from '../support/erasing.js';
import { adding, someItem } from '../support/items.js';
import { TestStore } from '../support/store.js';
import type { StoreProcess } from '../support/store.js';

jest.setTimeout(120_000);

let store: TestStore;
let service: StoreProcess;

beforeAll(async () => {
  store = await TestStore.open({ REQUEST_DEADLINE_MS: '30000' });
  service = store.process();
});
afterAll(() => store[Symbol.asyncDispose]());

describe('An export', () => {
  it('reads a page at a time, as it is asked, and ends with what was there when it began', async () => {
    const user = await shopper(service, { events: 1600 });
    const read = jest.spyOn(service.events, 'read');
    const items = await erasing(service).export(user);
    expect(read).not.toHaveBeenCalled();
    for (let n = 0; n < 10; n++) await items?.next();
    expect(read).toHaveBeenCalledTimes(1);
    await service.baskets.update(user, adding(someItem()));
    const versions: number[] = [];
    for await (const { type, version } of items ?? []) if (type === 'event') versions.push(version);
    expect(versions.at(-1)).toBe(1600);
    read.mockRestore();
  });

  it('of a user who is erased meanwhile does not end as if it were whole', async () => {
    const user = await shopper(service, { events: 1600 });
    const items = await erasing(service).export(user);
    for (let n = 0; n < 10; n++) await items?.next();
    await erasing(service).erase(user);
    const readAll = async () => {
      for await (const _ of items ?? []);
    };
    await expect(readAll()).rejects.toThrow('The user was erased during the export.');
    expect(await erasing(service).export(user)).toBeUndefined();
  });
});
