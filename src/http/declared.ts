import type { FastifyContextConfig, FastifyInstance } from 'fastify';

export type Declared = FastifyContextConfig & { readonly url?: string };

declare module 'fastify' {
  interface FastifyRequest {
    /** What its route declares of itself; set by the first hook. */
    declared: Declared;
  }
}

/** Fastify's `routeOptions` makes an object of everything about the route at each look, and the hooks look several times a request. */
export function keepDeclared(server: FastifyInstance): void {
  server.decorateRequest('declared', null as never);
  server.addHook('onRequest', (request, _reply, done) => {
    request.declared = request.routeOptions.config;
    done();
  });
}
