import { erasureOf } from './erasure.js';
import type { Holdings } from './erasure.js';

const nothing: Holdings = { row: null, newest: null, erased: null, isCutShort: false, isMentioned: false };
const given = (holdings: Partial<Holdings>) => ({
  then: (version: number | undefined) => expect(erasureOf({ ...nothing, ...holdings })).toBe(version),
});

describe('An erasure takes the version', () => {
  it('behind the last one', () => given({ row: 7, newest: 7 }).then(8));
  it('behind the newest, whichever row has it', () => {
    given({ row: 7, newest: 9 }).then(10);
    given({ row: 9, newest: 7 }).then(10);
    given({ newest: 7 }).then(8);
  });
  it('behind the last one of a user who came back after an erasure', () =>
    given({ row: 12, newest: 12, erased: 8 }).then(13));
  it('that it had when it was cut short', () => {
    given({ newest: 7, erased: 8, isCutShort: true }).then(8);
    given({ erased: 8, isCutShort: true }).then(8);
  });
  it('behind what was written on when it was cut short', () =>
    given({ row: 10, newest: 10, erased: 8, isCutShort: true }).then(11));
  it('of the one before, when all that is left is a name in a merge', () => {
    given({ erased: 8, isMentioned: true }).then(8);
    given({ isMentioned: true }).then(1);
  });
  it('none, when there is nothing', () => {
    given({}).then(undefined);
    given({ erased: 8 }).then(undefined);
  });
});
