import { createPublicKey } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { createRemoteJWKSet, customFetch, errors } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { ProblemError } from '../http/problems.js';

/** A fetch may take this long. */
const TIMEOUT_MS = 2000;
/** Keys that are older than this no longer serve: a key that the issuer took back ends with them, even when it does not answer. */
const MOST_AGE_MS = 60 * 60_000;

export interface KeyTimes {
  /** Between two fetches for a key that is not there: tokens with made-up key ids do not make us a flood to the issuer. */
  readonly cooldownMs: number;
  /** Between two fetches when the first failed. */
  readonly retryMs: number;
  /** Keys that are older are fetched anew, while the old ones go on serving. */
  readonly refreshMs: number;
}

/** The keys of a JWKS (RFC 7517), fetched when they are needed and kept. */
export class KeySet {
  private readonly logger = new Logger(KeySet.name);
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;
  private refreshed = performance.now();
  private failed = Number.NEGATIVE_INFINITY;

  constructor(
    url: string,
    private readonly times: KeyTimes = { cooldownMs: 30_000, retryMs: 1000, refreshMs: 300_000 },
  ) {
    this.keys = createRemoteJWKSet(new URL(url), {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: times.cooldownMs,
      cacheMaxAge: MOST_AGE_MS,
      [customFetch]: (...request: Parameters<typeof fetch>) => this.fetch(...request),
    });
  }

  /** @throws ProblemError `authentication-unavailable` when the issuer does not answer */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    this.refreshInTime();
    try {
      return await this.keys(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      this.note(error);
      throw unavailable();
    }
  };

  private refreshInTime(): void {
    const now = performance.now();
    if (!this.keys.fresh || now - this.refreshed < this.times.refreshMs) return;
    this.refreshed = now;
    this.keys.reload().catch((error: unknown) => this.note(error));
  }

  /** The cool-down of jose begins with a success only. */
  private async fetch(...request: Parameters<typeof fetch>): Promise<Response> {
    if (this.isResting()) throw new Error('The last fetch failed a moment ago.');
    return await fetch(...request);
  }

  private note(error: unknown): void {
    if (this.isResting()) return;
    this.failed = performance.now();
    this.logger.warn(`The keys of AUTH_JWKS_URL cannot be fetched: ${(error as Error).message}`);
  }

  private isResting(): boolean {
    return performance.now() - this.failed < this.times.retryMs;
  }
}

const isAboutTheToken = (error: unknown) =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported;

const unavailable = () =>
  new ProblemError('authentication-unavailable', 'The keys for tokens cannot be fetched. Try again.');

/** One key, from its PEM. */
export function publicKey(pem: string): JWTVerifyGetKey {
  const key = createPublicKey(pem);
  return () => key;
}
