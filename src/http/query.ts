import { validationFailed } from './problems.js';

/** The query of a request as Fastify reads it: a list where a name is given more than once. */
export type Query = Readonly<Record<string, unknown>>;

export const MAX_INTEGER = 2 ** 31 - 1;
export const MAX_PAGE = 200;
export const DEFAULT_PAGE = 50;

/** A past moment of a basket. */
export type MomentInTime = { readonly version: number } | { readonly at: Date };

/** The part of a history that is asked for. */
export interface Page {
  /** Behind this version. */
  readonly after: number;
  readonly limit: number;
}

/** @returns undefined for the present @throws ProblemError `validation-failed` */
export function momentIn({ version, at }: Query): MomentInTime | undefined {
  if (version !== undefined && at !== undefined)
    throw validationFailed([{ pointer: '#/query/at', detail: 'must not be given together with version' }]);
  if (version !== undefined) return { version: integerIn('version', version, 1, MAX_INTEGER) };
  return at === undefined ? undefined : { at: timeIn('at', at) };
}

/** @throws ProblemError `validation-failed` */
export function pageIn({ after = '0', limit = String(DEFAULT_PAGE) }: Query): Page {
  return { after: integerIn('after', after, 0, MAX_INTEGER), limit: integerIn('limit', limit, 1, MAX_PAGE) };
}

function integerIn(name: string, text: unknown, least: number, most: number): number {
  const value = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw validationFailed([{ pointer: `#/query/${name}`, detail: `must be a whole number from ${least} to ${most}` }]);
}

const ISO_8601 = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** Of the years 0001 to 9999 in UTC, which both ISO 8601 and PostgreSQL write with four digits. */
function timeIn(name: string, text: unknown): Date {
  const [given, day] = (typeof text === 'string' && ISO_8601.exec(text)) || [];
  const time = new Date(given ?? Number.NaN);
  const year = time.getUTCFullYear();
  if (given !== undefined && day !== undefined && isDay(day) && year >= 1 && year <= 9999) return time;
  throw validationFailed([
    { pointer: `#/query/${name}`, detail: 'must be a time such as 2026-11-23T09:15:00Z, in the years 0001 to 9999' },
  ]);
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(date: string): boolean {
  const time = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}
