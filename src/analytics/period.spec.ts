import { ProblemError } from '../http/problems.js';
import { dayOf, parsePeriod } from './period.js';

const TODAY = '2026-11-23';

const pointersOf = (query: Record<string, unknown>) => {
  try {
    parsePeriod(query, TODAY);
  } catch (error) {
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).code).toBe('validation-failed');
    return ((error as ProblemError).extensions.errors as { pointer: string }[]).map(({ pointer }) => pointer);
  }
  throw new Error('It was not refused.');
};

describe('A period', () => {
  it.each([
    ['the last thirty days', {}, '2026-10-25', TODAY],
    ['thirty days to the last one', { to: '2024-03-01' }, '2024-02-01', '2024-03-01'],
    ['from the first day to today', { from: '2026-11-01' }, '2026-11-01', TODAY],
    ['a day', { from: '2024-02-29', to: '2024-02-29' }, '2024-02-29', '2024-02-29'],
    ['a leap year', { from: '2024-01-01', to: '2024-12-31' }, '2024-01-01', '2024-12-31'],
    ['a day that is still to come', { to: '2026-12-31' }, '2026-12-02', '2026-12-31'],
  ])('may be %s', (_, query, from, to) =>
    expect(parsePeriod(query, TODAY)).toStrictEqual({ from, to, currency: undefined }),
  );

  it('may be of one currency', () => expect(parsePeriod({ currency: 'JPY' }, TODAY).currency).toBe('JPY'));

  it.each([
    '',
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '26-11-23',
    '2026-11-23T00:00:00Z',
    '0001-01-01',
    'today',
    ['2026-11-23', '2026-11-23'],
  ])('has no day %j', (day) => {
    expect(pointersOf({ from: day })).toEqual(['#/query/from']);
    expect(pointersOf({ to: day })).toEqual(['#/query/to']);
  });

  it.each(['', 'eur', 'EURO', 'E1R', ['EUR', 'EUR']])('has no currency %j', (currency) =>
    expect(pointersOf({ currency })).toEqual(['#/query/currency']),
  );

  it.each([
    ['ends before it begins', { from: '2026-11-02', to: '2026-11-01' }],
    ['begins after today and has no end', { from: '2026-11-24' }],
    ['is longer than a leap year', { from: '2024-01-01', to: '2025-01-01' }],
  ])('is refused when it %s', (_, query) => expect(pointersOf(query)).toEqual(['#/query/from']));

  it('is told all that is wrong with it at once', () =>
    expect(pointersOf({ from: 'x', to: 'y', currency: 'z' })).toEqual([
      '#/query/from',
      '#/query/to',
      '#/query/currency',
    ]));
});

describe('The day of a time', () => {
  it('is that of UTC', () => expect(dayOf(new Date('2026-11-23T23:30:00-01:00'))).toBe('2026-11-24'));
});
