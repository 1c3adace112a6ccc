import { ProblemError } from '../http/problems.js';

// The challenges of RFC 6750, section 3.

const challenge = (...parameters: readonly string[]) => ({
  'www-authenticate': ['Bearer realm="basket"', ...parameters].join(', '),
});

/** No token was sent: the challenge tells nothing else then. */
export const tokenMissing = () =>
  new ProblemError('unauthenticated', 'Send a bearer token in the Authorization header.', {}, challenge());

/** @param why without quotes and backslashes; it goes into a header */
export const tokenInvalid = (why: string) =>
  new ProblemError('unauthenticated', why, {}, challenge('error="invalid_token"', `error_description="${why}"`));

/** The same whether there is such a basket or not: nothing was looked up. */
export const notTheOwner = () =>
  new ProblemError('forbidden', 'The token is not that of this user.', {}, challenge('error="insufficient_scope"'));

export const notTheGuest = () =>
  new ProblemError(
    'forbidden',
    'Send the token of the guest in the Guest-Authorization header.',
    {},
    challenge('error="insufficient_scope"'),
  );

export const notAnAdmin = (scope: string) =>
  new ProblemError(
    'forbidden',
    'The token lacks the scope of an admin.',
    {},
    challenge('error="insufficient_scope"', `scope="${scope}"`),
  );
