import {
  boolean,
  integer,
  list,
  oneOf,
  origin,
  proxy,
  publicKeyPem,
  scope,
  secret,
  url,
  urls,
  workers,
} from './config.forms.js';
import type { Environment } from './config.forms.js';

// What is read of the environment; also the source of the README's table.

export interface Variable<T> {
  /** @throws Error, where there is no default, whose message says why */
  readonly default: T | ((env: Environment) => T);
  /** What the README says of the default, where the value itself says too little. */
  readonly shown?: string;
  readonly meaning: string;
  /** @throws Error whose message says what is allowed; it never repeats the value, which may be a secret */
  readonly parse: (text: string, env: Environment) => T;
}

const inProduction = (env: Environment) => env.NODE_ENV === 'production';

const variable = <T>(definition: Variable<T>) => definition;

/** With tokens these say who issues them and for whom; a token for somebody else must not do. */
const neededForTokens = (env: Environment): string | undefined => {
  if (env.AUTH_MODE === 'jwt') throw new Error('must be set with AUTH_MODE=jwt');
  return undefined;
};

export const variables = {
  NODE_ENV: variable({
    default: 'development',
    meaning: '`production` changes the defaults named below',
    parse: (text) => text,
  }),
  PORT: variable({
    default: 3000,
    meaning: 'where the API listens; 0 takes a free port and the log says which',
    parse: integer(0, 65535),
  }),
  HOST: variable({
    default: '127.0.0.1',
    shown: '`127.0.0.1` (`0.0.0.0` in the image)',
    meaning: 'the address it listens on',
    parse: (text) => text,
  }),
  WORKERS: variable({
    default: 1,
    meaning:
      'processes that serve that port, on a machine without an orchestrator (docs/operations.md); `auto`: one for each core. More than one needs `DATABASE_URL`',
    parse: workers,
  }),
  METRICS_PORT: variable({
    default: 9464,
    meaning: 'where Prometheus scrapes `/metrics`, at the same address; 0 takes a free port and the log says which',
    parse: integer(0, 65535),
  }),
  DATABASE_URL: variable({
    default: undefined,
    shown: 'unset: the embedded database in `DATABASE_DIR`',
    meaning: 'PostgreSQL 15 or newer',
    parse: url('postgres:', 'postgresql:'),
  }),
  MIGRATION_DATABASE_URL: variable({
    default: undefined,
    shown: 'unset: that of `DATABASE_URL`',
    meaning: 'as whom migrations run: the role that owns the schema, where the service has one that may not change it',
    parse: url('postgres:', 'postgresql:'),
  }),
  DATABASE_DIR: variable({ default: '.data', meaning: "the embedded database's folder", parse: (text) => text }),
  DATABASE_POOL_SIZE: variable({
    default: 10,
    meaning: 'connections to PostgreSQL of each process',
    parse: integer(1, 1000),
  }),
  DATABASE_PREPARED_STATEMENTS: variable({
    default: true,
    meaning: '`false` behind a pooler that lacks them',
    parse: boolean,
  }),
  MIGRATE_ON_START: variable({
    default: (env) => !inProduction(env) || !env.DATABASE_URL,
    shown: '`true` outside production and with the embedded database, else `false`',
    meaning: 'apply pending migrations at boot (one process at a time); else run `npm run migrate`',
    parse: boolean,
  }),
  REDIS_URL: variable({
    default: undefined,
    shown: 'unset: an in-process cache with the embedded database, none with PostgreSQL',
    meaning: '`redis://` or `rediss://`; a comma-separated list is a cluster',
    parse: urls('redis:', 'rediss:'),
  }),
  NATS_URL: variable({
    default: undefined,
    shown: 'unset: events are delivered in-process',
    meaning: '`nats://` or `tls://` with JetStream; several servers separated by commas',
    parse: urls('nats:', 'tls:'),
  }),
  CACHE_TTL_SECONDS: variable({
    default: 300,
    meaning: 'how long a basket stays in the cache',
    parse: integer(1, 86_400),
  }),
  REQUEST_DEADLINE_MS: variable({
    default: 5000,
    meaning: 'the longest a request may take',
    parse: integer(100, 600_000),
  }),
  MAX_BODY_BYTES: variable({ default: 262_144, meaning: 'the largest request body', parse: integer(1024, 16_777_216) }),
  MAX_LINES: variable({ default: 500, meaning: 'lines a basket', parse: integer(1, 10_000) }),
  MAX_QUANTITY: variable({ default: 9999, meaning: 'pieces a line', parse: integer(1, 1_000_000) }),
  BASKET_ABANDONED_AFTER_HOURS: variable({
    default: 24,
    meaning: 'hours without a change after which a basket is abandoned; 0: never',
    parse: integer(0, 8760),
  }),
  ANALYTICS_REFRESH_SECONDS: variable({
    default: 300,
    meaning: 'seconds from one count of the figures of analytics to the next; 0: never',
    parse: integer(0, 86_400),
  }),
  LIVE_MAX_STREAMS: variable({
    default: 1000,
    meaning: 'live baskets that one process streams at once',
    parse: integer(1, 100_000),
  }),
  LIVE_HEARTBEAT_MS: variable({
    default: 15_000,
    meaning: 'between two signs of life on a stream; shorter than what proxies wait',
    parse: integer(100, 600_000),
  }),
  MAX_CONCURRENT_REQUESTS: variable({
    default: 1000,
    meaning: 'requests that are worked on at once; more are refused with 503',
    parse: integer(1, 100_000),
  }),
  RATE_LIMIT_PER_MINUTE: variable({
    default: (env) => (env.AUTH_MODE === 'jwt' ? 600 : 0),
    shown: '`600` with `AUTH_MODE=jwt`, else `0`',
    meaning: 'requests of a caller (the subject of the token, else the address); 0 is no limit',
    parse: integer(0, 10_000_000),
  }),
  TRUST_PROXY: variable({
    default: undefined,
    shown: 'unset: `X-Forwarded-` headers are not read',
    meaning:
      'the proxies that tell the address of a caller, and whether it came over TLS: addresses, networks such as `10.0.0.0/8`, or `uniquelocal`, separated by commas',
    parse: list(proxy),
  }),
  AUTH_MODE: variable({
    default: (env) => {
      if (inProduction(env)) throw new Error('must be set in production: jwt, or none on purpose');
      return 'none' as const;
    },
    shown: '`none` outside production; it must be set in production',
    meaning: '`jwt`: bearer tokens say who the caller is; `none`: everybody may do everything',
    parse: oneOf('jwt', 'none'),
  }),
  AUTH_JWKS_URL: variable({
    default: (env) => {
      if (env.AUTH_MODE === 'jwt' && !env.AUTH_PUBLIC_KEY)
        throw new Error('or AUTH_PUBLIC_KEY must be set with AUTH_MODE=jwt');
      return undefined;
    },
    shown: 'unset',
    meaning: 'where the issuer publishes its keys; `http://` outside production only',
    parse: (text, env) => (inProduction(env) ? url('https:') : url('http:', 'https:'))(text),
  }),
  AUTH_PUBLIC_KEY: variable({
    default: undefined,
    shown: 'unset',
    meaning: "the issuer's one key instead, as PEM",
    parse: publicKeyPem,
  }),
  AUTH_ISSUER: variable({
    default: neededForTokens,
    shown: 'unset; needed with `AUTH_MODE=jwt`',
    meaning: 'the `iss` of its tokens',
    parse: (text) => text,
  }),
  AUTH_AUDIENCE: variable({
    default: neededForTokens,
    shown: 'unset; needed with `AUTH_MODE=jwt`',
    meaning: 'the `aud` that names this service',
    parse: (text) => text,
  }),
  AUTH_USER_CLAIM: variable({
    default: 'sub',
    meaning: "the claim that is the `userName` of the caller's basket",
    parse: (text) => text,
  }),
  AUTH_ADMIN_SCOPE: variable({
    default: 'baskets:admin',
    meaning: 'the scope that reaches all baskets, analytics and erasure',
    parse: scope,
  }),
  ERASURE_SECRETS: variable({
    default: undefined,
    shown: 'unset: a plain digest',
    meaning:
      'what the names of erased users are digested with: set it before the first erasure (docs/privacy.md); the first of a comma-separated list is used, the others are still known',
    parse: list(secret),
  }),
  CORS_ORIGINS: variable({
    default: undefined,
    shown: 'unset: no other origin',
    meaning: 'the origins of web pages that may call, such as `https://shop.example`, separated by commas',
    parse: list(origin),
  }),
  PROBLEM_TYPE_BASE: variable({
    default: 'https://basket.example/problems/',
    meaning: 'what the `type` of a problem document starts with',
    parse: url('http:', 'https:'),
  }),
  LOG_LEVEL: variable({
    default: 'info',
    meaning: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
  }),
  SHUTDOWN_DRAIN_MS: variable({
    default: (env) => (inProduction(env) ? 5000 : 0),
    shown: '`0` outside production, `5000` in it',
    meaning: 'between readiness going down and the listener closing',
    parse: integer(0, 600_000),
  }),
};
