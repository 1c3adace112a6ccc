import { ProblemError } from './problems.js';
import { momentIn, pageIn } from './query.js';
import type { Query } from './query.js';

function refusalOf(read: (query: Query) => unknown, query: Query): unknown {
  try {
    read(query);
  } catch (error) {
    if (error instanceof ProblemError) return error.extensions.errors;
    throw error;
  }
  throw new Error('It was not refused.');
}

const wholeNumbers = ['', 'a', '-1', '1.5', '1e3', ' 1', '+1', '0x1', '2147483648', '99999999999', ['1', '2'], {}];

describe('momentIn', () => {
  it('is the present when nothing is asked for', () => {
    expect(momentIn({})).toBeUndefined();
    expect(momentIn({ limit: '7' })).toBeUndefined();
  });

  it.each([1, 7, 2 ** 31 - 1])('reads version %d', (version) => {
    expect(momentIn({ version: String(version) })).toEqual({ version });
  });

  it.each(['0', ...wholeNumbers])('refuses the version %j', (version) => {
    expect(refusalOf(momentIn, { version })).toEqual([
      { pointer: '#/query/version', detail: 'must be a whole number from 1 to 2147483647' },
    ]);
  });

  it.each([
    ['2026-11-23T09:15:02.113Z', '2026-11-23T09:15:02.113Z'],
    ['2026-11-23T09:15:02Z', '2026-11-23T09:15:02.000Z'],
    ['2026-11-23T09:15Z', '2026-11-23T09:15:00.000Z'],
    ['2026-11-23T09:15:02.113999999Z', '2026-11-23T09:15:02.113Z'],
    ['2026-11-23T00:15:00+01:30', '2026-11-22T22:45:00.000Z'],
    ['2026-11-23T23:15:00-01:30', '2026-11-24T00:45:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('reads the time %s', (at, time) => {
    expect(momentIn({ at })).toEqual({ at: new Date(time) });
  });

  it.each([
    ...['', 'now', 'yesterday', '0', '1764000000000', '2026-11-23', '09:15:00Z', '2026-11-23T09:15:00'],
    ...['2026-11-23 09:15:00Z', '2026-11-23T09:15:00 01:00', '2026-11-23t09:15:00z', '20261123T091500Z'],
    ...['2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z', '2026-01-00T00:00:00Z', '2026-01-32T00:00:00Z'],
    ...['2026-02-30T00:00:00Z', '2026-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '1900-02-29T00:00:00Z'],
    ...['2026-01-01T25:00:00Z', '2026-01-01T23:60:00Z', '2026-01-01T23:59:60Z', '2026-01-01T00:00:00+24:00'],
    ...['0000-01-01T00:00:00Z', '0000-12-31T23:59:59Z', '0001-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01'],
    ...['+010000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', '10000-01-01T00:00:00Z', '275760-09-13T00:00:00Z'],
    ...['2026-11-23T09:15:02.Z', '2026-11-23T09:15:02.1234567890Z', ['2026-11-23T09:15:02Z'], {}],
  ])('refuses the time %j', (at) => {
    expect(refusalOf(momentIn, { at })).toEqual([
      { pointer: '#/query/at', detail: expect.stringContaining('2026-11-23T09:15:00Z') as unknown },
    ]);
  });

  it('refuses a version together with a time', () => {
    expect(refusalOf(momentIn, { version: '1', at: '2026-11-23T09:15:02Z' })).toMatchObject([
      { pointer: '#/query/at' },
    ]);
  });
});

describe('pageIn', () => {
  it('is the first page when nothing is asked for', () => {
    expect(pageIn({})).toEqual({ after: 0, limit: 50 });
  });

  it('reads where to start and how much', () => {
    expect(pageIn({ after: '7', limit: '200' })).toEqual({ after: 7, limit: 200 });
    expect(pageIn({ after: '0', limit: '1' })).toEqual({ after: 0, limit: 1 });
  });

  it.each(['0', '201', ...wholeNumbers])('refuses the limit %j', (limit) => {
    expect(refusalOf(pageIn, { limit })).toMatchObject([{ pointer: '#/query/limit' }]);
  });

  it.each(wholeNumbers)('refuses to start behind %j', (after) => {
    expect(refusalOf(pageIn, { after })).toMatchObject([{ pointer: '#/query/after' }]);
  });
});
