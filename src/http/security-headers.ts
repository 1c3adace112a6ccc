import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import type { HelmetOptions } from 'helmet';

/**
 * JSON is nothing to show: whatever takes it for a page finds nothing allowed there. Each header costs a request most of a
 * microsecond, so there are none that are about pages only, or that say again what these do.
 */
const ANSWERS = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  strictTransportSecurity: false,
  ...{ crossOriginOpenerPolicy: false, crossOriginResourcePolicy: false, originAgentCluster: false },
  ...{ referrerPolicy: false, xDnsPrefetchControl: false, xDownloadOptions: false, xFrameOptions: false },
  ...{ xPermittedCrossDomainPolicies: false, xXssProtection: false },
} satisfies HelmetOptions;

/** Swagger UI has styles and images in its page; scripts come from here only. */
const DOCUMENTS = {
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
  strictTransportSecurity: false,
} satisfies HelmetOptions;

/** Only over TLS, which a proxy in front ends and tells of (`TRUST_PROXY`): RFC 6797, section 7.2, forbids it elsewhere. */
const OVER_TLS = { strictTransportSecurity: { includeSubDomains: false } } satisfies HelmetOptions;

const DOCUMENT = /^\/docs(\/|$)/;

/** The headers that tell browsers what not to do. They are the same for every request, so Helmet is asked for them once. */
export function addSecurityHeaders(server: FastifyInstance): void {
  const plain = [headersOf(ANSWERS), headersOf(DOCUMENTS)] as const;
  const overTls = [headersOf({ ...ANSWERS, ...OVER_TLS }), headersOf({ ...DOCUMENTS, ...OVER_TLS })] as const;
  server.addHook('onRequest', (request, reply, done) => {
    const [answers, documents] = request.protocol === 'https' ? overTls : plain;
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
