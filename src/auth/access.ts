import type { FastifyInstance } from 'fastify';
import type { Caller } from './caller.js';

/**
 * Who may call a route: everybody; the user that the path names; that user, with the token of the guest whom the body
 * names; nobody but an admin. An admin may do all that the others may.
 */
export type Access = 'public' | 'owner' | 'owner-with-guest' | 'admin';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Who sent it; null as long as that is not known. */
    caller: Caller | null;
  }
}

/** Routes that no controller of ours declares: the contract and what shows it, and preflights (`OPTIONS *`). */
const DECLARED_ELSEWHERE = /^(\/docs(\/.*)?|\/openapi\.(json|yaml)|\*)$/;

/**
 * Denied by default: a route that does not say who may call it keeps the service from starting.
 *
 * @throws Error, when such a route is added
 */
export function requirePolicies(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (route.config?.access) return;
    if (!DECLARED_ELSEWHERE.test(route.url))
      throw new Error(
        `The route ${String(route.method)} ${route.url} does not declare who may call it (auth/access.ts).`,
      );
    route.config = { ...route.config, access: 'public' };
  });
}
