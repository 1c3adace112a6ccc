import type { Config } from '../config.js';
import { COMMAND_TIMEOUT_MS, connectRedis } from '../basket/persistence/redis.js';
import { RateLimiter } from '../limits/rate-limiter.js';
import { RedisRates } from '../limits/redis-rates.js';
import { Gate } from './gate.js';
import type { TokenVerifier } from './token-verifier.js';

/** The gate that the configuration asks for. */
export async function createGate(config: Config): Promise<Gate> {
  const { AUTH_MODE, AUTH_ADMIN_SCOPE, RATE_LIMIT_PER_MINUTE, REDIS_URL } = config;
  const verifier = AUTH_MODE === 'jwt' ? await createVerifier(config) : undefined;
  const rates =
    RATE_LIMIT_PER_MINUTE > 0 && REDIS_URL ? new RedisRates(connectRedis(REDIS_URL, COMMAND_TIMEOUT_MS)) : undefined;
  const limiter = RATE_LIMIT_PER_MINUTE > 0 ? new RateLimiter(RATE_LIMIT_PER_MINUTE, rates) : undefined;
  return new Gate(verifier, limiter, AUTH_ADMIN_SCOPE);
}

/** A service without tokens does without the library for them. */
async function createVerifier(config: Config): Promise<TokenVerifier> {
  const { TokenVerifier } = await import('./token-verifier.js');
  const { KeySet, publicKey } = await import('./key-source.js');
  const { AUTH_PUBLIC_KEY, AUTH_JWKS_URL = '' } = config;
  return new TokenVerifier(AUTH_PUBLIC_KEY ? publicKey(AUTH_PUBLIC_KEY) : new KeySet(AUTH_JWKS_URL).find, config);
}
