// npm run token -- --user alice [--admin] [--minutes 60]: a token for development, from a key that never leaves this folder.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SignJWT } from 'jose';

const FILE = join(process.env.DATABASE_DIR ?? '.data', 'development-key.pem');
const ISSUER = 'basket-development';
const AUDIENCE = 'basket';

const { values } = parseArgs({
  options: {
    user: { type: 'string' },
    admin: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '60' },
  },
});
const minutes = Number(values.minutes);
if ((values.user === undefined && !values.admin) || !(minutes > 0)) {
  process.stderr.write('Usage: npm run token -- --user NAME [--admin] [--minutes 60]\n');
  process.exit(1);
}

if (!existsSync(FILE)) {
  mkdirSync(dirname(FILE), { recursive: true });
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(FILE, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
}
const privateKey = createPrivateKey(readFileSync(FILE));
const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();

const token = await new SignJWT(values.admin ? { scope: 'baskets:admin' } : {})
  .setProtectedHeader({ alg: 'EdDSA' })
  .setIssuer(ISSUER)
  .setAudience(AUDIENCE)
  .setSubject(values.user ?? 'admin')
  .setIssuedAt()
  .setExpirationTime(`${minutes} minutes`)
  .sign(privateKey);

// The token alone on standard output: TOKEN=$(npm run --silent token -- --user alice).
process.stdout.write(`${token}\n`);
process.stderr.write(
  `\nStart the service with:\n  AUTH_MODE=jwt AUTH_ISSUER=${ISSUER} AUTH_AUDIENCE=${AUDIENCE} AUTH_PUBLIC_KEY='${publicPem.trim().replaceAll('\n', '\\n')}' npm start\n` +
    `Send it:\n  curl -H 'Authorization: Bearer TOKEN' localhost:3000/baskets/${encodeURIComponent(values.user ?? 'alice')}\n`,
);
