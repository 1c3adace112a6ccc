import { createHmac } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { jwtVerify } from 'jose';
import { KeySet, publicKey } from '../../src/auth/key-source.js';
import type { KeyTimes } from '../../src/auth/key-source.js';
import { TokenVerifier } from '../../src/auth/token-verifier.js';
import { ProblemError } from '../../src/http/problems.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, ISSUER, Issuer, inSeconds, pemOf, signingKey, tokenOf } from '../support/issuer.js';
import { figure } from '../support/sizes.js';

const CONFIG = {
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
  AUTH_USER_CLAIM: 'sub',
  AUTH_ADMIN_SCOPE: 'baskets:admin',
};

const key = signingKey();
const verifier = () => new TokenVerifier(publicKey(pemOf(key)), CONFIG);
const base64 = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const problemOf = async (verdict: Promise<unknown>): Promise<ProblemError> => {
  try {
    await verdict;
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
};

const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', exp: inSeconds(300) };
const hmac = (header: object, secret: string) => {
  const text = `${base64(header)}.${base64(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('A token', () => {
  it.each(['ES256', 'RS256', 'EdDSA'])('that %s signed for this service is taken', async (alg) => {
    const own = signingKey(alg);
    const exp = inSeconds(300);
    const token = await tokenOf(own, { sub: 'alice', exp });
    const caller = await new TokenVerifier(publicKey(pemOf(own)), CONFIG).verify(token);
    expect(caller).toEqual({ subject: 'alice', userName: 'alice', isAdmin: false, expiresAt: (exp + 10) * 1000 });
  });

  const refused: Record<string, () => Promise<string> | string> = {
    'of another key': () => tokenOf(signingKey(), claims),
    'of another key under the id of ours': () => tokenOf({ ...signingKey(), kid: key.kid }, claims),
    'with another algorithm than the key has': () => tokenOf(signingKey('RS256'), claims),
    'without a signature (alg none)': () => `${base64({ alg: 'none' })}.${base64(claims)}.`,
    'signed with the public key as a secret (HS256)': () =>
      hmac({ alg: 'HS256', typ: 'JWT', kid: key.kid }, pemOf(key)),
    'signed with an empty secret (HS256)': () => hmac({ alg: 'HS256' }, ' '),
    'that brings its own key': () => tokenOf(signingKey(), claims, { jwk: key.publicKey.export({ format: 'jwk' }) }),
    'with a critical extension': () => tokenOf(key, claims, { crit: ['x'], x: 1 }),
    'that has expired': () => tokenOf(key, { ...claims, exp: inSeconds(-60) }),
    'that never expires': () => tokenOf(key, { ...claims, exp: undefined }),
    'that is not valid yet': () => tokenOf(key, { ...claims, nbf: inSeconds(60) }),
    'of another issuer': () => tokenOf(key, { ...claims, iss: `${ISSUER}/` }),
    'without an issuer': () => tokenOf(key, { ...claims, iss: undefined }),
    'for another audience': () => tokenOf(key, { ...claims, aud: ['orders', 'Baskets'] }),
    'for no audience': () => tokenOf(key, { ...claims, aud: undefined }),
    'whose claims were changed': async () => {
      const [header, , signature] = (await tokenOf(key, claims)).split('.');
      return [header, base64({ ...claims, sub: 'bob' }), signature].join('.');
    },
    'whose claims are no object': () => `${base64({ alg: 'ES256' })}.${base64('"x"')}.AAAA`,
    'that is none': () => 'nonsense',
    'of five parts': () => 'a.b.c.d.e',
  };

  it.each(Object.entries(refused))('%s is refused', async (_, token) => {
    const { code, headers } = await problemOf(verifier().verify(await token()));
    expect(code).toBe('unauthenticated');
    expect(headers['www-authenticate']).toMatch(
      /^Bearer realm="basket", error="invalid_token", error_description="[^"]+"$/,
    );
  });

  /** Which of the wrong ones are taken by whoever checks them. */
  const takenBy = async (verify: (token: string) => Promise<unknown>): Promise<string[]> => {
    const taken: string[] = [];
    for (const [what, token] of Object.entries(refused)) {
      const made = await token();
      await verify(made).then(
        () => taken.push(what),
        () => undefined,
      );
    }
    return taken;
  };

  it('is taken by whoever does not ask for more than a signature: the tests above can fail', async () => {
    const careless = await takenBy((token) => jwtVerify(token, key.publicKey));
    const taken = await takenBy((token) => verifier().verify(token));
    figure('tokens', `${Object.keys(refused).length} kinds of wrong ones, ${taken.length} taken`);
    figure('tokens (control: only signature and times)', `${careless.length} taken: ${careless.join(', ')}`);
    expect(taken).toEqual([]);
    expect(careless).toEqual(expect.arrayContaining(['that never expires', 'of another issuer', 'for no audience']));
  });

  it('may be off by the skew of clocks, and no more', async () => {
    const check = async (times: object) => await verifier().verify(await tokenOf(key, { ...claims, ...times }));
    await check({ exp: inSeconds(-5), nbf: inSeconds(5) });
    await problemOf(check({ exp: inSeconds(-15) }));
    await problemOf(check({ nbf: inSeconds(15) }));
  });

  it.each([
    [{ scope: 'a baskets:admin b' }, true],
    [{ scp: 'baskets:admin' }, true],
    [{ scp: ['a', 'baskets:admin'] }, true],
    [{ scope: 'baskets:administrator' }, false],
    [{ scope: ['baskets:admin,a'] }, false],
    [{ scope: { 'baskets:admin': true } }, false],
    [{ roles: ['baskets:admin'] }, false],
    [{}, false],
  ])('with %j is one of an admin: %s', async (scopes, isAdmin) => {
    expect((await verifier().verify(await tokenOf(key, { ...claims, ...scopes }))).isAdmin).toBe(isAdmin);
  });

  it.each([
    [
      { sub: 'u-1', login: 'Zoe\u0308' },
      { subject: 'u-1', userName: 'Zo\u00eb', isAdmin: false },
    ],
    [
      { login: 'zoe', sub: undefined },
      { subject: 'zoe', userName: 'zoe', isAdmin: false },
    ],
    [{ sub: 'u-1' }, { subject: 'u-1', userName: undefined, isAdmin: false }],
    [
      { sub: 'u-1', login: ['zoe'] },
      { subject: 'u-1', userName: undefined, isAdmin: false },
    ],
    [
      { sub: 'u-1', login: '' },
      { subject: 'u-1', userName: undefined, isAdmin: false },
    ],
  ])('names the user by the claim that is configured: %j', async (more, caller) => {
    const own = new TokenVerifier(publicKey(pemOf(key)), { ...CONFIG, AUTH_USER_CLAIM: 'login' });
    const expiresAt = (claims.exp + 10) * 1000;
    expect(await own.verify(await tokenOf(key, { ...claims, ...more }))).toEqual({ ...caller, expiresAt });
  });

  it('is remembered until it expires, and only when it was valid', async () => {
    const tokens = verifier();
    const [good, bad] = [await tokenOf(key, claims), await tokenOf(signingKey(), claims)];
    expect(tokens.recall(good)).toBeUndefined();
    await tokens.verify(good);
    expect(tokens.recall(good)?.userName).toBe('alice');
    await problemOf(tokens.verify(bad));
    expect(tokens.recall(bad)).toBeUndefined();
    jest.spyOn(Date, 'now').mockReturnValue(inSeconds(312) * 1000);
    expect(tokens.recall(good)).toBeUndefined();
    jest.restoreAllMocks();
  });
});

describe('The keys of the issuer', () => {
  const QUICK: KeyTimes = { cooldownMs: 60_000, retryMs: 60_000, refreshMs: 60_000 };
  const tokensOf = (issuer: Issuer, times: Partial<KeyTimes> = {}) =>
    new TokenVerifier(new KeySet(issuer.url, { ...QUICK, ...times }).find, CONFIG);

  it('are fetched once for many tokens', async () => {
    await using issuer = await Issuer.start();
    const tokens = tokensOf(issuer);
    await Promise.all(
      Array.from({ length: 50 }, async (_, at) => tokens.verify(await issuer.token({ sub: `u-${at}` }))),
    );
    expect(issuer.fetches).toBe(1);
  });

  it('are fetched again for a new one, and not at each made-up one', async () => {
    await using issuer = await Issuer.start();
    const tokens = tokensOf(issuer, { cooldownMs: 0 });
    await tokens.verify(await issuer.token(claims));
    issuer.keys = [...issuer.keys, signingKey('EdDSA')];
    await tokens.verify(await issuer.token(claims));
    expect(issuer.fetches).toBe(2);

    const resting = tokensOf(issuer);
    await resting.verify(await issuer.token(claims));
    const before = issuer.fetches;
    for (let n = 0; n < 20; n++) await problemOf(resting.verify(await tokenOf(signingKey(), claims)));
    expect(issuer.fetches).toBe(before);
  });

  it('that the issuer takes back are no longer good after the next refresh', async () => {
    await using issuer = await Issuer.start();
    const tokens = tokensOf(issuer, { refreshMs: 0 });
    const stolen = await issuer.token(claims);
    await tokens.verify(stolen);
    issuer.keys = [signingKey()];
    await tokens.verify(stolen);
    await eventually(() =>
      tokens.verify(stolen).then(
        () => false,
        (error: unknown) => error instanceof ProblemError,
      ),
    );
    expect((await problemOf(tokens.verify(stolen))).code).toBe('unauthenticated');
  });

  it.each(['fails', 'talks nonsense', 'hangs'] as const)(
    'are no reason to turn a caller away while the issuer %s; the old ones go on',
    async (behaviour) => {
      await using issuer = await Issuer.start();
      issuer.behaviour = behaviour;
      const tokens = tokensOf(issuer, { retryMs: 50, refreshMs: 0 });
      const start = performance.now();
      expect((await problemOf(tokens.verify(await issuer.token(claims)))).code).toBe('authentication-unavailable');
      expect(performance.now() - start).toBeLessThan(5000);

      issuer.behaviour = 'answers';
      await setTimeout(60);
      await tokens.verify(await issuer.token(claims));
      issuer.behaviour = behaviour;
      await tokens.verify(await issuer.token(claims));
      await tokens.verify(await issuer.token(claims));
    },
  );

  it('are not asked for again and again while the issuer fails', async () => {
    await using issuer = await Issuer.start();
    issuer.behaviour = 'fails';
    const tokens = tokensOf(issuer);
    for (let n = 0; n < 20; n++)
      expect((await problemOf(tokens.verify(await issuer.token(claims)))).code).toBe('authentication-unavailable');
    expect(issuer.fetches).toBe(1);
    // The control: without a rest each token is a fetch.
    const restless = tokensOf(issuer, { retryMs: 0 });
    for (let n = 0; n < 5; n++) await problemOf(restless.verify(await issuer.token(claims)));
    expect(issuer.fetches).toBe(6);
  });
});
