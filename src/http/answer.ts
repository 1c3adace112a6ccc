import type { FastifyReply } from 'fastify';
import { etagOf, isKnown } from './etag.js';

interface Versioned {
  readonly version: number;
  readonly json: string | Buffer | undefined;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends a stored document as it is, with its version as the entity tag. */
export function send(reply: FastifyReply, status: number, { version, json }: Versioned): void {
  void reply.code(status).header('content-type', JSON_TYPE).header('etag', etagOf(version)).send(json);
}

/** The same for a read: a caller that has this version already is told so instead. */
export function sendUnlessKnown(reply: FastifyReply, ifNoneMatch: string | undefined, document: Versioned): void {
  if (isKnown(ifNoneMatch, document.version)) void reply.code(304).header('etag', etagOf(document.version)).send();
  else send(reply, 200, document);
}
