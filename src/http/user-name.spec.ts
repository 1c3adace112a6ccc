import fc from 'fast-check';
import { count, figure, sized } from '../../test/support/sizes.js';
import { ProblemError } from './problems.js';
import { MAX_USER_NAME, parseUserName } from './user-name.js';

const refused = (detail: string) =>
  expect.objectContaining({
    code: 'validation-failed',
    extensions: { errors: [{ pointer: '#/path/userName', detail }] },
  }) as Error;

const RUNS = sized(1000, 50_000);
const LENGTH = 'must have 1 to 128 characters';
const CHARACTERS = 'must not have control characters or /';
const DIRECTION = 'must not be . or ..';

describe('A user name', () => {
  it.each([
    'alice',
    'Alice',
    'a.b-c_d@example.com+tag~1',
    '-',
    '.a',
    '...',
    'a/b'.replace('/', '\u2215'),
    'alice bob',
    ' alice',
    '%2f',
    '中村',
    '😀',
    "Robert'); DROP TABLE",
    '\\',
    '__proto__',
  ])('%j is kept as it is', (name) => expect(parseUserName(name)).toBe(name));

  it('is not the same in another case', () => expect(parseUserName('ALICE')).not.toBe(parseUserName('alice')));

  it('has one form, however its accents are written', () => {
    expect(parseUserName('Zoe\u0308')).toBe('Zo\u00eb');
    expect(parseUserName('Zo\u00eb')).toBe('Zo\u00eb');
    expect(parseUserName('\u212bngstro\u0308m')).toBe('\u00c5ngstr\u00f6m');
    expect(parseUserName('\u1112\u1161\u11ab')).toBe('\ud55c');
  });

  it('is not folded where Unicode only calls it compatible', () => expect(parseUserName('ﬁn')).toBe('ﬁn'));

  it.each(['\0', 'a\0', '\t', 'a\nb', 'alice\n', '\r', '\x1b[31m', '\x7f', '\x80', '\x9f'])(
    '%j is refused for its control character',
    (name) => expect(() => parseUserName(name)).toThrow(refused(CHARACTERS)),
  );

  it.each(['/', 'a/b', '../alice', 'alice/', '//'])('%j is refused for its slash', (name) =>
    expect(() => parseUserName(name)).toThrow(refused(CHARACTERS)),
  );

  it.each(['\ud800', 'a\udfff', '\udc00\ud800', '\ud83d'])('%j is refused for half a character', (name) =>
    expect(() => parseUserName(name)).toThrow(refused(CHARACTERS)),
  );

  it.each(['.', '..'])('%j is refused as a direction in a path', (name) =>
    expect(() => parseUserName(name)).toThrow(refused(DIRECTION)),
  );

  it('is not empty', () => expect(() => parseUserName('')).toThrow(refused(LENGTH)));

  it.each([
    ['plain letters', 'a'],
    ['letters beyond ASCII', 'é'],
    ['characters of two UTF-16 units', '😀'],
    ['accents that NFC joins to their letters', 'e\u0301'],
  ])('has at most 128 characters, counted in %s', (_, character) => {
    const longest = character.repeat(MAX_USER_NAME);
    expect(parseUserName(longest)).toBe(longest.normalize('NFC'));
    expect(() => parseUserName(longest + character)).toThrow(refused(LENGTH));
    expect(() => parseUserName(`${longest}a`)).toThrow(refused(LENGTH));
  });

  it('is counted after NFC, which makes some names longer', () => {
    // U+0958 is one character that NFC writes as two.
    expect(parseUserName('\u0958'.repeat(64))).toBe('\u0915\u093c'.repeat(64));
    expect(() => parseUserName('\u0958'.repeat(65))).toThrow(refused(LENGTH));
  });
});

describe('Every name', () => {
  /** The rules of the contract once more, character by character and without the short way for usual names. */
  const expected = (decoded: string): string | undefined => {
    const name = decoded.normalize('NFC');
    const points = Array.from(name, (character) => character.codePointAt(0) ?? 0);
    const forbidden = (point: number) =>
      point <= 0x1f || (point >= 0x7f && point <= 0x9f) || (point >= 0xd800 && point <= 0xdfff) || point === 0x2f;
    const wrong = points.length < 1 || points.length > 128 || points.some(forbidden) || name === '.' || name === '..';
    return wrong ? undefined : name;
  };
  const parsed = (decoded: string): string | undefined => {
    try {
      return parseUserName(decoded);
    } catch (error) {
      expect(error).toBeInstanceOf(ProblemError);
      return undefined;
    }
  };
  const usual = fc.string({
    unit: fc.constantFrom(...Array.from('abzAZ09_.@+~-/%!e'), '\n', '\u0301', '\u00e9'),
    maxLength: 140,
    size: 'max',
  });
  const utf16 = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 140 })
    .map((units) => String.fromCharCode(...units));
  const unicode = fc
    .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 140 })
    .map((points) => String.fromCodePoint(...points));
  const name = fc.oneof(usual, utf16, unicode);

  it('is taken by the short way just as by the long one', () =>
    fc.assert(
      fc.property(name, (decoded) => expect(parsed(decoded)).toBe(expected(decoded))),
      { numRuns: RUNS },
    ));

  /** Names that are two users, or no name any more, in another normal form. */
  const twoUsers = (parse: (decoded: string) => string | undefined) =>
    fc.check(
      fc.property(name, (decoded) => {
        const once = parse(decoded);
        if (once === undefined) return;
        expect(parse(decoded.normalize('NFD'))).toBe(once);
        expect(parse(once)).toBe(once);
      }),
      { numRuns: RUNS },
    );

  it('is the same user in each normal form, and parsed again', () => {
    expect(twoUsers(parsed)).toMatchObject({ failed: false, numRuns: RUNS });
    figure('one name, one basket', `${count(RUNS)} names in each normal form, 0 with two users`);
  });

  it('is two users where names are taken as they come: the test above can fail', () => {
    const { failed, counterexample } = twoUsers((decoded) => decoded);
    const example = encodeURIComponent(counterexample?.[0] ?? '');
    figure('one name, one basket (control: names as they come)', `${example} is two users`);
    expect(failed).toBe(true);
  });
});
