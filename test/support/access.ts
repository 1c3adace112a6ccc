import { someUser } from './app.js';
import { operations, sampleBody } from './contract.js';
import type { Operation } from './contract.js';
import { bearing } from './issuer.js';
import type { Issuer } from './issuer.js';
import type { Headers } from './api.js';
import { exchange } from './wire.js';

const PRODUCT = '5334c996-8457-4cf0-815c-ed2b77c4ff61';

export const isOpen = ({ path }: Operation): boolean => path.startsWith('/health');
export const isOwners = ({ path, operationId }: Operation): boolean =>
  path.startsWith('/baskets/{userName}') || operationId === 'exportUserData';

/** The route with its sample body, of whichever user. */
export function ask(url: string, operation: Operation, userName: string, headers: Headers = {}) {
  const target = operation.path.replace('{userName}', encodeURIComponent(userName)).replace('{productId}', PRODUCT);
  const body = sampleBody(operation);
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return exchange(url, {
    method: operation.method,
    target,
    headers: { ...type, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

type Verdict = 401 | 403 | 'let in';

interface Caller {
  readonly headers: Headers;
  readonly verdict: (operation: Operation) => Verdict;
}

async function callers(issuer: Issuer, owner: string): Promise<Record<string, Caller>> {
  const guest = { 'guest-authorization': `Bearer ${await issuer.token({ sub: 'guest-7f3a' })}` };
  const never = () => 403 as const;
  const always = () => 'let in' as const;
  const own = (operation: Operation) => (isOwners(operation) ? 'let in' : 403);
  const as = async (claims: object) => bearing(await issuer.token({ ...claims }));
  return {
    nobody: { headers: {}, verdict: () => 401 },
    'the owner': { headers: { ...(await as({ sub: owner })), ...guest }, verdict: own },
    'another user': { headers: await as({ sub: someUser('other') }), verdict: never },
    'a caller without a basket': { headers: await as({ client_id: 'other', scope: 'baskets' }), verdict: never },
    'an admin': { headers: await as({ sub: 'operator', scope: 'openid baskets:admin' }), verdict: always },
    'a service': { headers: await as({ client_id: 'shop', scp: ['baskets:admin'] }), verdict: always },
  };
}

/** Sends every route for every kind of caller. @returns how many requests that were, and those with another verdict than they are to have */
export async function wrongVerdicts(url: string, issuer: Issuer): Promise<{ asked: number; wrong: string[] }> {
  const owner = someUser('owner');
  const wrong: string[] = [];
  let asked = 0;
  for (const operation of operations.filter((one) => !isOpen(one)))
    for (const [name, { headers, verdict }] of Object.entries(await callers(issuer, owner))) {
      asked++;
      const { status } = await ask(url, operation, owner, headers);
      const given: Verdict = status === 401 || status === 403 ? status : 'let in';
      if (given !== verdict(operation)) wrong.push(`${operation.operationId} for ${name}: ${status}`);
    }
  return { asked, wrong };
}
