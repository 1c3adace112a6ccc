import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import type { HelmetOptions } from 'helmet';

/**
 * JSON is nothing to show: whatever takes it for a page finds nothing allowed there. Each header costs a request most of a
 * microsecond, so there are none that are about pages only, or that say again what these do.
 */
const ANSWERS: HelmetOptions = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  strictTransportSecurity: { includeSubDomains: false },
  ...{ crossOriginOpenerPolicy: false, crossOriginResourcePolicy: false, originAgentCluster: false },
  ...{ referrerPolicy: false, xDnsPrefetchControl: false, xDownloadOptions: false, xFrameOptions: false },
  ...{ xPermittedCrossDomainPolicies: false, xXssProtection: false },
};

/** Swagger UI has styles and images in its page; scripts come from here only. */
const DOCUMENTS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: { includeSubDomains: false },
};

const DOCUMENT = /^\/docs(\/|$)/;

/** The headers that tell browsers what not to do. They are the same for every request, so Helmet is asked for them once. */
export function addSecurityHeaders(server: FastifyInstance): void {
  const [answers, documents] = [headersOf(ANSWERS), headersOf(DOCUMENTS)];
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(DOCUMENT.test(request.declared.url ?? '') ? documents : answers);
    done();
  });
}

function headersOf(options: HelmetOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, (error?: unknown) => {
    if (error) throw error as Error;
  });
  return headers;
}
