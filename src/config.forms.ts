import { createPublicKey } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { availableParallelism } from 'node:os';

// Forms that values of the configuration have. Each throws an Error that says what is allowed.

export type Environment = Readonly<Record<string, string | undefined>>;

export const integer = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new Error(`must be a whole number from ${min} to ${max}`);
  return value;
};

export const boolean = (text: string) => {
  if (text !== 'true' && text !== 'false') throw new Error('must be true or false');
  return text === 'true';
};

export const oneOf =
  <T extends string>(...allowed: readonly T[]) =>
  (text: string) => {
    const value = allowed.find((one) => one === text);
    if (value === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
    return value;
  };

export const url =
  (...protocols: readonly string[]) =>
  (text: string) => {
    if (!URL.canParse(text) || !protocols.some((protocol) => text.startsWith(`${protocol}//`)))
      throw new Error(`must be a URL that starts with ${protocols.map((one) => `${one}//`).join(' or ')}`);
    return text;
  };

export const list =
  <T>(parse: (text: string) => T) =>
  (text: string) =>
    text.split(',').map((one) => parse(one.trim()));

export const urls = (...protocols: readonly string[]) => list(url(...protocols));

/** RFC 6454, section 6.2. */
export const origin = (text: string) => {
  if (!/^https?:/.test(text) || !URL.canParse(text) || new URL(text).origin !== text)
    throw new Error('must be an origin such as https://shop.example');
  return text;
};

export const proxy = (text: string) => {
  const [address = '', bits, ...more] = text.split('/');
  const most = isIPv6(address) ? 128 : 32;
  const isNetwork =
    isIP(address) > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
  if (!isNetwork && !['loopback', 'linklocal', 'uniquelocal'].includes(text))
    throw new Error('must be addresses, networks such as 10.0.0.0/8, loopback, linklocal or uniquelocal');
  return text;
};

export const scope = (text: string) => {
  // RFC 6749, section 3.3.
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text)) throw new Error('must be a scope without blanks and quotes');
  return text;
};

/** What a digest is keyed with: as long as its output is worth (RFC 2104, section 3). */
export const secret = (text: string) => {
  if (!/^[!-+\--~]{32,256}$/.test(text)) throw new Error('must be secrets of 32 to 256 visible ASCII characters');
  return text;
};

/** Line breaks may be written as \n, as in files of environment variables. */
export const publicKeyPem = (text: string, env: Environment) => {
  if (env.AUTH_JWKS_URL) throw new Error('must not be set together with AUTH_JWKS_URL');
  const pem = text.replaceAll('\\n', '\n');
  if (!isUsableKey(pem)) throw new Error('must be a public key in PEM: RSA of 2048 bits or more, EC or Ed25519');
  return pem;
};

function isUsableKey(pem: string): boolean {
  try {
    if (pem.includes('PRIVATE KEY')) return false;
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
    return asymmetricKeyType === 'ec' || asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

const MOST_WORKERS = 256;

/** A number of processes; `auto` is one for each core that the machine or the container leaves to this one. */
export const workers = (text: string, env: Environment) => {
  const count = text === 'auto' ? availableParallelism() : Number(text);
  if (text !== 'auto' && (!/^\d+$/.test(text) || count < 1 || count > MOST_WORKERS))
    throw new Error(`must be a whole number from 1 to ${MOST_WORKERS}, or auto`);
  if (count > 1 && !env.DATABASE_URL)
    throw new Error('must be 1 without DATABASE_URL: the embedded database belongs to one process');
  return count;
};
