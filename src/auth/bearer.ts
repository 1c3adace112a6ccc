import { tokenInvalid } from './refusals.js';

/** RFC 6750, section 2.1; the name of a scheme has no case (RFC 9110, section 11.1). */
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i;

/**
 * The token of an `Authorization` header.
 *
 * @throws ProblemError `unauthenticated` when there is another thing than a bearer token
 */
export function tokenIn(header: unknown): string | undefined {
  if (header === undefined) return undefined;
  const token = typeof header === 'string' ? BEARER.exec(header)?.[1] : undefined;
  if (token === undefined) throw tokenInvalid('The header is not Bearer and a token.');
  return token;
}
