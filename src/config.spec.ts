import { availableParallelism } from 'node:os';
import { ecPem, expectations } from '../test/support/expected-variables.js';
import type { Expectation } from '../test/support/expected-variables.js';
import { ConfigError, readConfig } from './config.js';
import type { Config, Environment } from './config.js';
import { variables } from './config.variables.js';

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
    expect(
      readConfig({ NODE_ENV: 'production', AUTH_MODE: 'none', DATABASE_URL: 'postgres://db/basket' }),
    ).toStrictEqual({
      ...readConfig({ DATABASE_URL: 'postgres://db/basket' }),
      NODE_ENV: 'production',
      MIGRATE_ON_START: false,
      SHUTDOWN_DRAIN_MS: 5000,
    }));

  it('migrates its embedded database by itself, in production too', () =>
    expect(readConfig({ NODE_ENV: 'production', AUTH_MODE: 'none' })).toMatchObject({ MIGRATE_ON_START: true }));

  it('goes by what is set, in production too', () =>
    expect(
      readConfig({ NODE_ENV: 'production', AUTH_MODE: 'none', MIGRATE_ON_START: 'true', SHUTDOWN_DRAIN_MS: '7' }),
    ).toMatchObject({
      MIGRATE_ON_START: true,
      SHUTDOWN_DRAIN_MS: 7,
    }));
});

describe('Who the callers are', () => {
  const tokens = { AUTH_MODE: 'jwt', AUTH_ISSUER: 'https://issuer.example', AUTH_AUDIENCE: 'baskets' };
  const keys = { AUTH_JWKS_URL: 'https://issuer.example/keys' };

  it('must be decided in production', () => {
    expect(refusalOf({ NODE_ENV: 'production' })).toBe(
      'The configuration is wrong. AUTH_MODE must be set in production: jwt, or none on purpose.',
    );
    expect(readConfig({ NODE_ENV: 'production', AUTH_MODE: 'none' }).AUTH_MODE).toBe('none');
  });

  it('is told by tokens of one issuer for this service, whose keys are known', () => {
    expect(readConfig({ ...tokens, ...keys })).toMatchObject({ ...tokens, ...keys, RATE_LIMIT_PER_MINUTE: 600 });
    expect(readConfig({ ...tokens, AUTH_PUBLIC_KEY: ecPem }).AUTH_PUBLIC_KEY).toBe(ecPem);
    expect(refusalOf({ AUTH_MODE: 'jwt' })).toBe(
      'The configuration is wrong. AUTH_JWKS_URL or AUTH_PUBLIC_KEY must be set with AUTH_MODE=jwt. ' +
        'AUTH_ISSUER must be set with AUTH_MODE=jwt. AUTH_AUDIENCE must be set with AUTH_MODE=jwt.',
    );
  });

  it('is told by keys of one source', () =>
    expect(refusalOf({ ...tokens, ...keys, AUTH_PUBLIC_KEY: ecPem })).toBe(
      'The configuration is wrong. AUTH_PUBLIC_KEY must not be set together with AUTH_JWKS_URL.',
    ));

  it('is told by keys that nobody can exchange on their way, in production', () =>
    expect(refusalOf({ ...tokens, NODE_ENV: 'production', AUTH_JWKS_URL: 'http://issuer.example/keys' })).toBe(
      'The configuration is wrong. AUTH_JWKS_URL must be a URL that starts with https://.',
    ));
});

describe('WORKERS', () => {
  const database = { DATABASE_URL: 'postgres://db/basket' };

  it('may be more than one with a server, and auto is one for each core', () => {
    expect(readConfig({ ...database, WORKERS: '2' }).WORKERS).toBe(2);
    expect(readConfig({ ...database, WORKERS: '256' }).WORKERS).toBe(256);
    expect(readConfig({ ...database, WORKERS: 'auto' }).WORKERS).toBe(availableParallelism());
  });

  it.each([undefined, ''])('is one with the embedded database, which one process owns (DATABASE_URL %j)', (url) =>
    expect(refusalOf({ WORKERS: '2', DATABASE_URL: url })).toBe(
      'The configuration is wrong. WORKERS must be 1 without DATABASE_URL: the embedded database belongs to one process.',
    ),
  );
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
    // Two that are wrong in another way when they are set together.
    const together = refusing.filter(({ name }) => name !== 'AUTH_PUBLIC_KEY');
    const message = refusalOf(Object.fromEntries(together.map(({ name, texts }) => [name, texts[0]])));
    for (const { name, message: allowed } of together) expect(message).toContain(`${name} ${allowed}.`);
  });

  // Any of these may be the name of a scope.
  const secrets = refusing.filter(({ name }) => name !== 'AUTH_ADMIN_SCOPE');

  it.each(secrets)('never shows the value of $name, which may be a secret', ({ name }) => {
    for (const secret of ['sekrit', '//sekrit', 'http:sekrit', 'ftp://user:sekrit@host', 'redis://a,ftp://sekrit@b'])
      expect(refusalOf({ [name]: secret })).not.toContain('sekrit');
  });

  it('gives no cause either, whose message might have the value', () => {
    expect(() => readConfig({ DATABASE_URL: 'sekrit' })).toThrow(
      expect.not.objectContaining({ cause: expect.anything() as unknown }) as Error,
    );
  });
});
