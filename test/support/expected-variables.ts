import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Config } from '../../src/config.js';

export interface Expectation {
  readonly default: unknown;
  /** Texts and what is read from them. */
  readonly right: readonly (readonly [string, unknown])[];
  readonly wrong?: { readonly texts: readonly string[]; readonly message: string };
}

const wholeNumber = (fallback: number, min: number, max: number): Expectation => ({
  default: fallback,
  right: [
    [String(min), min],
    [String(max), max],
  ],
  wrong: {
    texts: [
      String(max + 1),
      ...(min > 0 ? [String(min - 1)] : []),
      '-1',
      '+7',
      '7.5',
      '7e2',
      '0x7',
      ' 7',
      '7 ',
      '７',
      'seven',
      'NaN',
    ],
    message: `must be a whole number from ${min} to ${max}`,
  },
});

const flag = (fallback: boolean): Expectation => ({
  default: fallback,
  right: [
    ['true', true],
    ['false', false],
  ],
  wrong: { texts: ['yes', '1', '0', 'TRUE', ' true'], message: 'must be true or false' },
});

const text = (fallback: string): Expectation => ({ default: fallback, right: [['some text', 'some text']] });

const as = (url: string) => [url, url] as const;

/** Made for this run. */
const pemOf = (pair: { publicKey: KeyObject }) => pair.publicKey.export({ type: 'spki', format: 'pem' });
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const ecPem = pemOf(ecKey);
const rsaPem = pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const weakPem = pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }));
const agreementPem = pemOf(generateKeyPairSync('x25519'));
const privatePem = ecKey.privateKey.export({ type: 'pkcs8', format: 'pem' });

/** What each variable is without a value, may be and may not be. */
export const expectations: { readonly [Name in keyof Config]: Expectation } = {
  NODE_ENV: text('development'),
  PORT: wholeNumber(3000, 0, 65_535),
  HOST: text('127.0.0.1'),
  WORKERS: {
    default: 1,
    right: [['1', 1]],
    wrong: {
      texts: ['0', '-1', '1.5', '1e1', '257', '99999999999999999999', ' 2', 'x', 'Auto', 'NaN'],
      message: 'must be a whole number from 1 to 256, or auto',
    },
  },
  METRICS_PORT: wholeNumber(9464, 0, 65_535),
  DATABASE_URL: {
    default: undefined,
    right: [as('postgres://user:p%40ss@db.example:5432/basket?sslmode=require'), as('postgresql://db/basket')],
    wrong: {
      texts: [
        'db.example/basket',
        'mysql://user:hidden@db/basket',
        'postgres',
        '//db/basket',
        'postgres:5432:hidden:@@//[',
      ],
      message: 'must be a URL that starts with postgres:// or postgresql://',
    },
  },
  MIGRATION_DATABASE_URL: {
    default: undefined,
    right: [as('postgres://owner:p%40ss@db.example:5432/basket')],
    wrong: {
      texts: ['mysql://owner:hidden@db'],
      message: 'must be a URL that starts with postgres:// or postgresql://',
    },
  },
  DATABASE_DIR: text('.data'),
  DATABASE_POOL_SIZE: wholeNumber(10, 1, 1000),
  DATABASE_PREPARED_STATEMENTS: flag(true),
  MIGRATE_ON_START: flag(true),
  REDIS_URL: {
    default: undefined,
    right: [
      ['redis://cache:6379', ['redis://cache:6379']],
      ['rediss://user:p%40ss@cache', ['rediss://user:p%40ss@cache']],
      ['redis://one:6379, redis://two:6379', ['redis://one:6379', 'redis://two:6379']],
    ],
    wrong: {
      texts: ['cache:6379', 'http://cache', 'redis://one,', ',', 'redis://one, http://user:hidden@two'],
      message: 'must be a URL that starts with redis:// or rediss://',
    },
  },
  NATS_URL: {
    default: undefined,
    right: [
      ['nats://bus:4222', ['nats://bus:4222']],
      ['tls://user:p%40ss@one:4222, nats://two', ['tls://user:p%40ss@one:4222', 'nats://two']],
    ],
    wrong: {
      texts: ['bus:4222', 'http://user:hidden@bus', 'nats://one,'],
      message: 'must be a URL that starts with nats:// or tls://',
    },
  },
  CACHE_TTL_SECONDS: wholeNumber(300, 1, 86_400),
  REQUEST_DEADLINE_MS: wholeNumber(5000, 100, 600_000),
  MAX_BODY_BYTES: wholeNumber(262_144, 1024, 16_777_216),
  MAX_LINES: wholeNumber(500, 1, 10_000),
  MAX_QUANTITY: wholeNumber(9999, 1, 1_000_000),
  BASKET_ABANDONED_AFTER_HOURS: wholeNumber(24, 0, 8760),
  ANALYTICS_REFRESH_SECONDS: wholeNumber(300, 0, 86_400),
  LIVE_MAX_STREAMS: wholeNumber(1000, 1, 100_000),
  LIVE_HEARTBEAT_MS: wholeNumber(15_000, 100, 600_000),
  MAX_CONCURRENT_REQUESTS: wholeNumber(1000, 1, 100_000),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 0, 10_000_000),
  TRUST_PROXY: {
    default: undefined,
    right: [
      ['10.0.0.7', ['10.0.0.7']],
      ['10.0.0.0/8, fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
      ['loopback,uniquelocal', ['loopback', 'uniquelocal']],
    ],
    wrong: {
      // A number of proxies, or all of them, would let callers say who they are.
      texts: ['true', '1', '*', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0', 'fd00::/129', 'proxy.example', 'loopback,'],
      message: 'must be addresses, networks such as 10.0.0.0/8, loopback, linklocal or uniquelocal',
    },
  },
  AUTH_MODE: {
    default: 'none',
    right: [as('none')],
    wrong: { texts: ['basic', 'JWT', 'off', 'true'], message: 'must be one of jwt, none' },
  },
  AUTH_JWKS_URL: {
    default: undefined,
    right: [as('https://issuer.example/keys'), as('http://127.0.0.1:9000/keys')],
    wrong: {
      texts: ['issuer.example', 'file:///keys', 'ftp://issuer.example'],
      message: 'must be a URL that starts with http:// or https://',
    },
  },
  AUTH_PUBLIC_KEY: {
    default: undefined,
    right: [as(ecPem), as(rsaPem), [ecPem.replaceAll('\n', '\\n'), ecPem]],
    wrong: {
      texts: [privatePem, weakPem, agreementPem, ecPem.slice(0, -40), 'secret'],
      message: 'must be a public key in PEM: RSA of 2048 bits or more, EC or Ed25519',
    },
  },
  AUTH_ISSUER: { default: undefined, right: [as('https://issuer.example')] },
  AUTH_AUDIENCE: { default: undefined, right: [as('baskets')] },
  AUTH_USER_CLAIM: text('sub'),
  AUTH_ADMIN_SCOPE: {
    default: 'baskets:admin',
    right: [as('https://shop.example/admin')],
    wrong: { texts: ['two scopes', 'a"b', 'a\\b', 'é'], message: 'must be a scope without blanks and quotes' },
  },
  ERASURE_SECRETS: {
    default: undefined,
    right: [
      ['a'.repeat(32), ['a'.repeat(32)]],
      [`${'b'.repeat(256)}, ${'+/=!~-'.repeat(6)}`, ['b'.repeat(256), '+/=!~-'.repeat(6)]],
    ],
    wrong: {
      texts: ['a'.repeat(31), 'a'.repeat(257), `${'a'.repeat(32)},`, `${'a'.repeat(31)} b`, 'ä'.repeat(32)],
      message: 'must be secrets of 32 to 256 visible ASCII characters',
    },
  },
  CORS_ORIGINS: {
    default: undefined,
    right: [
      ['https://shop.example', ['https://shop.example']],
      ['http://localhost:5173, https://shop.example', ['http://localhost:5173', 'https://shop.example']],
    ],
    wrong: {
      texts: ['*', 'null', 'shop.example', 'https://shop.example/', 'https://shop.example:443', 'https://*.example,'],
      message: 'must be an origin such as https://shop.example',
    },
  },
  PROBLEM_TYPE_BASE: {
    default: 'https://basket.example/problems/',
    right: [as('http://localhost/'), as('https://shop.example/problems#')],
    wrong: {
      texts: ['shop.example', '/problems', 'ftp://shop.example/', 'https://'],
      message: 'must be a URL that starts with http:// or https://',
    },
  },
  LOG_LEVEL: {
    default: 'info',
    right: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => [level, level] as const),
    wrong: {
      texts: ['INFO', 'verbose', 'warning', '30'],
      message: 'must be one of fatal, error, warn, info, debug, trace, silent',
    },
  },
  SHUTDOWN_DRAIN_MS: wholeNumber(0, 0, 600_000),
};
