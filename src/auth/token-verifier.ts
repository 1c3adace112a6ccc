import { hash } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Config } from '../config.js';
import { ProblemError } from '../http/problems.js';
import { callerOf } from './caller.js';
import type { Caller } from './caller.js';
import { tokenInvalid } from './refusals.js';

/** Asymmetric ones only: whoever can check a token cannot make one, and a public key is never taken for a secret. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
const CLOCK_SKEW_SECONDS = 10;

/** A signature costs several times what a request costs otherwise: a token is looked at once a minute. */
const MOST_VERDICTS = 10_000;
const VERDICT_MS = 60_000;

/** Checks bearer tokens that are JWTs (RFC 7519, RFC 8725). Verdicts are kept under a digest: tokens are not. */
export class TokenVerifier {
  private readonly verdicts = new LRUCache<string, Caller>({ max: MOST_VERDICTS, ttl: VERDICT_MS });

  constructor(
    private readonly keys: JWTVerifyGetKey,
    private readonly config: Pick<Config, 'AUTH_ISSUER' | 'AUTH_AUDIENCE' | 'AUTH_USER_CLAIM' | 'AUTH_ADMIN_SCOPE'>,
  ) {}

  /** Whose token this is, if it was found valid within the last minute and has not expired since. */
  recall(token: string): Caller | undefined {
    const caller = this.verdicts.get(digestOf(token));
    return caller && Date.now() < caller.expiresAt ? caller : undefined;
  }

  /** @throws ProblemError `unauthenticated`, or `authentication-unavailable` when there are no keys to check it with */
  async verify(token: string): Promise<Caller> {
    const { AUTH_ISSUER = '', AUTH_AUDIENCE = '' } = this.config;
    const { payload } = await jwtVerify(token, this.keys, {
      algorithms: ALGORITHMS,
      issuer: AUTH_ISSUER,
      audience: AUTH_AUDIENCE,
      clockTolerance: CLOCK_SKEW_SECONDS,
      requiredClaims: ['exp'],
    }).catch(refuse);
    const caller = callerOf(payload, ((payload.exp ?? 0) + CLOCK_SKEW_SECONDS) * 1000, this.config);
    this.verdicts.set(digestOf(token), caller);
    return caller;
  }
}

const digestOf = (token: string): string => hash('sha256', token, 'base64');

/** Whatever is wrong with a token, it is refused: keys of another kind than its algorithm's are an error of their own. */
function refuse(error: unknown): never {
  if (error instanceof ProblemError) throw error;
  if (error instanceof errors.JWTExpired) throw tokenInvalid('The token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed) throw tokenInvalid(`The claim ${error.claim} is not accepted.`);
  throw tokenInvalid('The token is not valid.');
}
