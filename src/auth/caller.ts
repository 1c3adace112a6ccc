import type { JWTPayload } from 'jose';
import type { Config } from '../config.js';

/** Whoever sent a request, as far as the token tells. */
export interface Caller {
  /** Who acts; it is stored with the events. */
  readonly subject: string | undefined;
  /** Whose basket is the caller's, in the canonical form of the path; a service may have none. */
  readonly userName: string | undefined;
  readonly isAdmin: boolean;
  /** Until when the token is good, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

type Claims = Pick<Config, 'AUTH_USER_CLAIM' | 'AUTH_ADMIN_SCOPE'>;

export function callerOf(
  payload: JWTPayload,
  expiresAt: number,
  { AUTH_USER_CLAIM, AUTH_ADMIN_SCOPE }: Claims,
): Caller {
  const name = textOf(payload[AUTH_USER_CLAIM]);
  return {
    subject: textOf(payload.sub) ?? name,
    userName: name?.normalize('NFC'),
    isAdmin: scopesOf(payload).includes(AUTH_ADMIN_SCOPE),
    expiresAt,
  };
}

/** `scope` with blanks between (RFC 8693, section 4.2); `scp`, which some providers send, as a text or a list. */
function scopesOf({ scope, scp }: JWTPayload): readonly unknown[] {
  return [scope, scp].flatMap((value: unknown) => (typeof value === 'string' ? value.split(' ') : value));
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
