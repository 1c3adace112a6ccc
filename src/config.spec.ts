import { ConfigError, readConfig, variables } from './config.js';
import type { Config, Environment } from './config.js';

interface Expectation {
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

const expectations: { readonly [Name in keyof Config]: Expectation } = {
  NODE_ENV: text('development'),
  PORT: wholeNumber(3000, 0, 65_535),
  HOST: text('127.0.0.1'),
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

const all = Object.entries(expectations) as [keyof Config, Expectation][];
const refusing = all.flatMap(([name, { wrong }]) => (wrong ? [{ name, ...wrong }] : []));

function refusalOf(env: Environment): string {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('It was not refused.');
}

describe('The configuration', () => {
  it('has the variables that this test expects', () =>
    expect(Object.keys(expectations).sort()).toStrictEqual(Object.keys(variables).sort()));

  it('has a default for each variable', () =>
    expect(readConfig({})).toStrictEqual(Object.fromEntries(all.map(([name, expected]) => [name, expected.default]))));

  it('takes an empty variable for one that is not set', () =>
    expect(readConfig(Object.fromEntries(all.map(([name]) => [name, ''])))).toStrictEqual(readConfig({})));

  it('knows nothing else of the environment', () =>
    expect(readConfig({ PATH: '/bin', toString: 'x' })).toStrictEqual(readConfig({})));

  it('in production leaves migrations to their own job and drains before it stops', () =>
    expect(readConfig({ NODE_ENV: 'production', DATABASE_URL: 'postgres://db/basket' })).toStrictEqual({
      ...readConfig({ DATABASE_URL: 'postgres://db/basket' }),
      NODE_ENV: 'production',
      MIGRATE_ON_START: false,
      SHUTDOWN_DRAIN_MS: 5000,
    }));

  it('migrates its embedded database by itself, in production too', () =>
    expect(readConfig({ NODE_ENV: 'production' })).toMatchObject({ MIGRATE_ON_START: true }));

  it('goes by what is set, in production too', () =>
    expect(readConfig({ NODE_ENV: 'production', MIGRATE_ON_START: 'true', SHUTDOWN_DRAIN_MS: '7' })).toMatchObject({
      MIGRATE_ON_START: true,
      SHUTDOWN_DRAIN_MS: 7,
    }));
});

describe.each(all)('%s', (name, { right, wrong }) => {
  it.each(right)('may be %j', (given, read) => expect(readConfig({ [name]: given })[name]).toStrictEqual(read));

  if (wrong)
    it.each(wrong.texts)('may not be %j, and the refusal says what it may be', (given) =>
      expect(refusalOf({ [name]: given })).toBe(`The configuration is wrong. ${name} ${wrong.message}.`),
    );
});

describe('A wrong configuration', () => {
  it('is told all that is wrong with it at once', () => {
    const message = refusalOf(Object.fromEntries(refusing.map(({ name, texts }) => [name, texts[0]])));
    for (const { name, message: allowed } of refusing) expect(message).toContain(`${name} ${allowed}.`);
  });

  it.each(refusing)('never shows the value of $name, which may be a secret', ({ name }) => {
    for (const secret of ['sekrit', '//sekrit', 'http:sekrit', 'ftp://user:sekrit@host', 'redis://a,ftp://sekrit@b'])
      expect(refusalOf({ [name]: secret })).not.toContain('sekrit');
  });

  it('gives no cause either, whose message might have the value', () => {
    expect(() => readConfig({ DATABASE_URL: 'sekrit' })).toThrow(
      expect.not.objectContaining({ cause: expect.anything() as unknown }) as Error,
    );
  });
});
