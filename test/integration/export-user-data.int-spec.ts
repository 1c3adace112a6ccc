import { jest } from '@jest/globals';
import { erasing, shopper, storeForAll } from '../support/erasing.js';
import { adding, someItem } from '../support/items.js';

jest.setTimeout(120_000);

const its = storeForAll();

describe('An export', () => {
  it('reads a page at a time, as it is asked, and ends with what was there when it began', async () => {
    const user = await shopper(its.service, { events: 1600 });
    const read = jest.spyOn(its.service.events, 'read');
    const items = await erasing(its.service).export(user);
    expect(read).not.toHaveBeenCalled();
    for (let n = 0; n < 10; n++) await items?.next();
    expect(read).toHaveBeenCalledTimes(1);
    await its.service.baskets.update(user, adding(someItem()));
    const versions: number[] = [];
    for await (const { type, version } of items ?? []) if (type === 'event') versions.push(version);
    expect(versions.at(-1)).toBe(1600);
    read.mockRestore();
  });

  it('of a user who is erased meanwhile does not end as if it were whole', async () => {
    const user = await shopper(its.service, { events: 1600 });
    const items = await erasing(its.service).export(user);
    for (let n = 0; n < 10; n++) await items?.next();
    await erasing(its.service).erase(user);
    const readAll = async () => {
      for await (const _ of items ?? []);
    };
    await expect(readAll()).rejects.toThrow('The user was erased during the export.');
    expect(await erasing(its.service).export(user)).toBeUndefined();
  });
});
