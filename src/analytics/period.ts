import { validationFailed } from '../http/problems.js';
import type { FieldError } from '../http/problems.js';

export const MOST_DAYS = 366;
export const DEFAULT_DAYS = 30;
const DAY_MS = 86_400_000;

/** What of the figures is asked for. */
export interface Period {
  /** The first day; days are UTC, as 2026-11-23. */
  readonly from: string;
  /** The last day. */
  readonly to: string;
  /** ISO 4217; all of them without it. */
  readonly currency: string | undefined;
}

type Asked = Readonly<Record<string, unknown>>;

/**
 * @param today the last day of a period that names none; one that names no first day has thirty
 * @throws ProblemError `validation-failed` with everything that is wrong
 */
export function parsePeriod({ from, to, currency }: Asked, today: string): Period {
  const errors: FieldError[] = [];
  const refuse = (name: string, detail: string) => errors.push({ pointer: `#/query/${name}`, detail });
  for (const [name, day] of Object.entries({ from, to }))
    if (day !== undefined && !isDay(day)) refuse(name, 'must be a day such as 2026-11-23');
  if (currency !== undefined && !(typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)))
    refuse('currency', 'must be an ISO 4217 code such as EUR');
  const last = isDay(to) ? to : today;
  const first = isDay(from) ? from : daysAfter(last, 1 - DEFAULT_DAYS);
  if (errors.length === 0 && first > last) refuse('from', 'must not be later than to, which is today by default');
  if (errors.length === 0 && first < daysAfter(last, 1 - MOST_DAYS))
    refuse('from', `must be ${MOST_DAYS} days or fewer`);
  if (errors.length > 0) throw validationFailed(errors);
  return { from: first, to: last, currency: currency as string | undefined };
}

export const dayOf = (time: Date): string => time.toISOString().slice(0, 'yyyy-mm-dd'.length);

const daysAfter = (day: string, days: number): string => dayOf(new Date(Date.parse(day) + days * DAY_MS));

/** A day that the calendar has. */
function isDay(text: unknown): text is string {
  if (typeof text !== 'string' || !/^[1-9]\d{3}-\d{2}-\d{2}$/.test(text)) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && dayOf(time) === text;
}
