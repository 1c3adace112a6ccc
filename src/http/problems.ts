import type { BasketErrorCode } from '../basket/domain/basket.errors.js';

interface Problem {
  readonly status: number;
  readonly title: string;
  /** Seconds after which another try makes sense. */
  readonly retryAfter?: number;
}

/** Every refusal there is: the one place that gives codes their HTTP statuses. `docs/problems.md` explains each. */
export const problems = {
  'validation-failed': { status: 400, title: 'The request does not fit the contract' },
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'malformed-request': { status: 400, title: 'The request is not valid HTTP' },
  unauthenticated: { status: 401, title: 'The request has no valid token' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  'basket-not-found': { status: 404, title: 'The user has no basket' },
  'item-not-found': { status: 404, title: 'The basket has no such item' },
  'version-not-found': { status: 404, title: 'The basket has no such version' },
  'user-not-found': { status: 404, title: 'Nothing is stored of the user' },
  'route-not-found': { status: 404, title: 'There is nothing at this path for this method' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  conflict: { status: 409, title: 'The basket was changed meanwhile', retryAfter: 1 },
  'version-mismatch': { status: 412, title: 'The basket is at another version' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'uri-too-long': { status: 414, title: 'The URL is too long' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'currency-mismatch': { status: 422, title: 'The basket is in another currency' },
  'duplicate-product': { status: 422, title: 'A product is in the request more than once' },
  'too-many-lines': { status: 422, title: 'The basket would have too many lines' },
  'quantity-limit': { status: 422, title: 'The line would hold too many pieces' },
  'basket-empty': { status: 422, title: 'There is nothing in the basket' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used for another request' },
  'total-limit': { status: 422, title: 'The total would be too large' },
  'rate-limited': { status: 429, title: 'Too many requests of this caller', retryAfter: 1 },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  'database-unavailable': { status: 503, title: 'The database does not answer', retryAfter: 1 },
  'authentication-unavailable': { status: 503, title: 'Tokens cannot be checked now', retryAfter: 1 },
  overloaded: { status: 503, title: 'The service is busy', retryAfter: 1 },
} as const satisfies Record<string, Problem>;

export type ProblemCode = keyof typeof problems;

/** Each code that the domain knows has a row in the table. */
export type Covered = BasketErrorCode extends ProblemCode ? true : never;

/** One thing that is wrong with a request; `pointer` is a JSON pointer as a URI fragment (RFC 6901). */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** A refusal that HTTP itself gives cause for. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly extensions: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }
}

export const validationFailed = (errors: readonly FieldError[]) =>
  new ProblemError('validation-failed', 'Some values are not allowed; see errors.', { errors });

interface Occurrence {
  readonly code: ProblemCode;
  readonly detail: string;
  /** The path of the request. */
  readonly instance?: string | undefined;
  readonly requestId?: string | undefined;
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** What this occurrence tells in headers; they stand above those of its code. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The problem document (RFC 9457) and its headers. */
export function problemDocument(typeBase: string, occurrence: Occurrence) {
  const { code, detail, instance, requestId, extensions } = occurrence;
  const { status, title, retryAfter }: Problem = problems[code];
  const headers: Record<string, string> = { 'content-type': 'application/problem+json; charset=utf-8' };
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  Object.assign(headers, occurrence.headers);
  const body = JSON.stringify({
    type: `${typeBase}${code}`,
    title,
    status,
    detail,
    instance,
    code,
    requestId,
    ...extensions,
  });
  return { status, headers, body };
}
