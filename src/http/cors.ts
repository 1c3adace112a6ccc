import type { FastifyInstance } from 'fastify';

/** Lets pages of these origins call, and read what the API says in headers. There are no cookies, so no credentials. */
export async function allowOrigins(server: FastifyInstance, origins: readonly string[]): Promise<void> {
  const { default: cors } = await import('@fastify/cors');
  await server.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: [
      ...['Authorization', 'Guest-Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'Idempotency-Key'],
      ...['Last-Event-ID', 'X-Request-Id', 'traceparent'],
    ],
    exposedHeaders: ['ETag', 'Location', 'Retry-After', 'Idempotent-Replay', 'X-Request-Id', 'WWW-Authenticate'],
    maxAge: 600,
    strictPreflight: false,
  });
}
