import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { CommandIdentity } from '../basket/basket.repository.js';
import { validationFailed } from './problems.js';

const KEY = /^[\x21-\x7e]{1,255}$/;

/** Names the command by the caller's `Idempotency-Key`, and fingerprints everything that makes the request what it is. */
export function commandIdentityOf(request: FastifyRequest<{ Params: Readonly<Record<string, string>> }>) {
  const { method, declared, params, headers, body } = request;
  const id = headers['idempotency-key'];
  if (id === undefined) return undefined;
  if (typeof id !== 'string' || !KEY.test(id))
    throw validationFailed([
      { pointer: '#/headers/idempotency-key', detail: 'must be 1 to 255 visible ASCII characters' },
    ]);
  const { productId } = params;
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  // The user is not in it: keys are a user's own.
  const parts = [method, declared.url, productId?.toLowerCase(), ifMatch, ifNoneMatch, body];
  const fingerprint = createHash('sha256')
    .update(JSON.stringify(canonical(parts)))
    .digest('base64url');
  return { id, fingerprint } satisfies CommandIdentity;
}

/** Deeper than any body that validation lets through: it runs after this, on bodies of any depth. */
const MOST_DEPTH = 16;

/** The order of an object's members means nothing. */
function canonical(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth > MOST_DEPTH) return null;
  if (Array.isArray(value)) return value.map((element) => canonical(element, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, child]) => [key, canonical(child, depth + 1)]),
  );
}
