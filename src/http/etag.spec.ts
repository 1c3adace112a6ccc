import fc from 'fast-check';
import { etagOf, isKnown, preconditionOf } from './etag.js';
import { ProblemError } from './problems.js';

const refused = (name: string) =>
  expect.objectContaining({
    code: 'validation-failed',
    extensions: { errors: [{ pointer: `#/headers/${name}`, detail: 'must be * or entity tags such as "7"' }] },
  }) as Error;

const version = fc.integer({ min: 1, max: 2 ** 31 - 1 });

/** No lists of entity tags (RFC 9110, sections 8.8.3 and 13.1). */
const malformed = [
  '',
  ' ',
  '7',
  '"7',
  '7"',
  "'7'",
  '""7""',
  '"7" "8"',
  '"7"; "8"',
  'w/"7"',
  'W/7',
  'W "7"',
  '*, "7"',
  '**',
  '"7\u0001"',
  '"a b"',
  '"7", 8',
];

describe('The entity tag of a version', () => {
  it('is the version in quotes, and strong', () => expect(etagOf(7)).toBe('"7"'));
});

describe('If-Match', () => {
  const match = (header: string) => preconditionOf({ 'if-match': header })?.match;

  it.each<[string, '*' | number[]]>([
    ['"7"', [7]],
    ['  "7"  ', [7]],
    ['"7","8"', [7, 8]],
    ['"7" ,\t"8"', [7, 8]],
    ['*', '*'],
    [' * ', '*'],
    ['"2147483647"', [2147483647]],
  ])('%j asks for %j', (header, versions) => expect(match(header)).toStrictEqual(versions));

  it('compares strongly: a weak tag matches nothing', () => {
    expect(match('W/"7"')).toStrictEqual([]);
    expect(match('W/"7", "8"')).toStrictEqual([8]);
  });

  it.each(['"0"', '"07"', '"007"', '"+7"', '"-7"', '"7.0"', '"7e0"', '"0x7"', '""', '"abc"', '"７"', '"\xe9"'])(
    'the tag %s is none of ours and matches no version',
    (tag) => {
      if (tag === '"７"') expect(() => match(tag)).toThrow(refused('if-match'));
      else expect(match(tag)).toStrictEqual([Number.NaN]);
    },
  );

  it('takes numbers that are larger than any version, and they match none', () => {
    for (const huge of ['9007199254740993', '1'.repeat(400)]) expect(match(`"${huge}"`)).toStrictEqual([Number(huge)]);
  });

  it.each(malformed)('%j is refused', (header) => expect(() => match(header)).toThrow(refused('if-match')));

  it('asks for exactly the versions whose tags it lists', () =>
    fc.assert(
      fc.property(fc.array(version, { minLength: 1 }), (versions) =>
        expect(match(versions.map(etagOf).join(', '))).toStrictEqual(versions),
      ),
    ));
});

describe('If-None-Match on a write', () => {
  it('asks with * that there be no basket', () =>
    expect(preconditionOf({ 'if-none-match': '*' })).toStrictEqual({ noneMatch: '*' }));

  it('may stand beside If-Match', () =>
    expect(preconditionOf({ 'if-match': '"7"', 'if-none-match': '*' })).toStrictEqual({ match: [7], noneMatch: '*' }));

  it.each(malformed)('%j is refused', (header) =>
    expect(() => preconditionOf({ 'if-none-match': header })).toThrow(refused('if-none-match')),
  );
});

describe('Without the headers', () => {
  it('a write has no condition', () => {
    expect(preconditionOf({})).toBeUndefined();
    expect(preconditionOf({ 'if-match': undefined, 'if-none-match': undefined })).toBeUndefined();
  });

  it('a reader has no version yet', () => expect(isKnown(undefined, 7)).toBe(false));
});

describe('If-None-Match on a read', () => {
  it.each(['"7"', 'W/"7"', '"6", "7"', 'W/"6",W/"7"', '"abc", "7"', '*', ' "7" '])('%j has version 7', (header) =>
    expect(isKnown(header, 7)).toBe(true),
  );

  it.each(['"8"', '"07"', '"70"', '"7.0"', '""', 'W/"17"', '"6", "8"', '"abc"'])(
    '%j does not have version 7',
    (header) => expect(isKnown(header, 7)).toBe(false),
  );

  it('does not take a number for a version that is only near to it', () =>
    expect(isKnown('"9007199254740993"', 2147483647)).toBe(false));

  it.each(malformed)('%j is refused', (header) => expect(() => isKnown(header, 7)).toThrow(refused('if-none-match')));

  it('knows the version whose tag it carries, and no other', () =>
    fc.assert(
      fc.property(version, version, (sent, current) => {
        expect(isKnown(etagOf(sent), current)).toBe(sent === current);
        expect(isKnown(`W/${etagOf(sent)}`, current)).toBe(sent === current);
      }),
    ));
});

describe('Any header at all', () => {
  const parts = fc.oneof(
    fc.constantFrom('"', ',', '*', 'W/', ' ', '7', '0', '\\'),
    // Node gives headers as Latin-1.
    fc.integer({ min: 0, max: 0xff }).map((byte) => String.fromCharCode(byte)),
  );
  const header = fc.array(parts).map((all) => all.join(''));

  it('is understood or refused as such', () =>
    fc.assert(
      fc.property(header, (text) => {
        for (const read of [() => preconditionOf({ 'if-match': text }), () => isKnown(text, 7)])
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(ProblemError);
          }
      }),
    ));
});
