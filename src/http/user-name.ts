import { validationFailed } from './problems.js';

export const MAX_USER_NAME = 128;

/** The usual names, which need no second look. */
const PLAIN = /^[A-Za-z0-9_@+~-][A-Za-z0-9_.@+~-]{0,127}$/;
const FORBIDDEN = /[\p{Cc}\p{Cs}/]/u;

/**
 * The one form of a user's name, so that no two spellings of it are two baskets: NFC, case kept.
 *
 * @param decoded the path segment after percent-decoding
 * @throws ProblemError `validation-failed`
 */
export function parseUserName(decoded: string): string {
  if (PLAIN.test(decoded)) return decoded;
  const userName = decoded.normalize('NFC');
  const problem = userNameProblem(userName);
  if (problem) throw validationFailed([{ pointer: '#/path/userName', detail: problem }]);
  return userName;
}

/** What is wrong with a name in its canonical form. */
export function userNameProblem(userName: string): string | undefined {
  const length = Array.from(userName).length;
  if (length < 1 || length > MAX_USER_NAME) return `must have 1 to ${MAX_USER_NAME} characters`;
  if (FORBIDDEN.test(userName)) return 'must not have control characters or /';
  // URL parsers take these segments for directions, encoded or not.
  if (userName === '.' || userName === '..') return 'must not be . or ..';
  return undefined;
}
