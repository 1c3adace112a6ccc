import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';

export const AUDIENCE = 'baskets';
export const ISSUER = 'https://issuer.example';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const pairs: Readonly<Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

/** Made for this run. */
export function signingKey(alg = 'ES256'): SigningKey {
  const pair = pairs[alg];
  if (!pair) throw new Error(`No keys for ${alg}`);
  return { kid: randomUUID(), alg, ...pair() };
}

export const pemOf = (key: SigningKey): string => key.publicKey.export({ type: 'spki', format: 'pem' });

export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** As it is put into a token; undefined leaves one out. */
export type Claims = Readonly<Record<string, unknown>>;

/** A token that the service takes, unless the claims, a key of somebody else or the header say otherwise. */
export async function tokenOf(key: SigningKey, claims: Claims, header: object = {}): Promise<string> {
  const payload = { iss: ISSUER, aud: AUDIENCE, iat: inSeconds(0), exp: inSeconds(300), ...claims };
  return await new SignJWT(payload)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
    .sign(key.privateKey, { crit: { x: true } });
}

type Behaviour = 'answers' | 'fails' | 'hangs' | 'talks nonsense';

/** Publishes keys over HTTP, as an identity provider does. */
export class Issuer implements AsyncDisposable {
  keys: SigningKey[] = [signingKey()];
  behaviour: Behaviour = 'answers';
  /** How often the keys were asked for. */
  fetches = 0;
  private readonly server = createServer((_, response) => this.answer(response));

  static async start(): Promise<Issuer> {
    const issuer = new Issuer();
    issuer.server.listen(0, '127.0.0.1');
    await once(issuer.server, 'listening');
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys`;
  }

  get env() {
    return { AUTH_MODE: 'jwt', AUTH_JWKS_URL: this.url, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
  }

  /** Signed with the newest key. */
  async token(claims: Claims, header?: object): Promise<string> {
    return await tokenOf(this.keys.at(-1) ?? signingKey(), claims, header);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(response: ServerResponse): void {
    this.fetches++;
    switch (this.behaviour) {
      case 'answers':
        response.end(JSON.stringify({ keys: this.keys.map(toJwk) }));
        return;
      case 'fails':
        response.writeHead(500).end();
        return;
      case 'talks nonsense':
        response.end('<html></html>');
        return;
      case 'hangs':
    }
  }
}

const toJwk = ({ kid, alg, publicKey }: SigningKey) => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});

export const bearing = (token: string) => ({ authorization: `Bearer ${token}` });
