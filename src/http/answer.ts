import type { FastifyReply } from 'fastify';
import type { BasketDocument, Written } from '../basket/basket.repository.js';
import { etagOf, isKnown } from './etag.js';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends a stored document as it is, with its version as the entity tag. */
export function send(reply: FastifyReply, status: number, { version, json }: BasketDocument): void {
  void reply.code(status).header('content-type', JSON_TYPE).header('etag', etagOf(version)).send(json);
}

/** The same for a read: a caller that has this version already is told so instead. */
export function sendUnlessKnown(reply: FastifyReply, ifNoneMatch: string | undefined, document: BasketDocument): void {
  if (isKnown(ifNoneMatch, document.version)) void reply.code(304).header('etag', etagOf(document.version)).send();
  else send(reply, 200, document);
}

/** The answer to a write: the basket as it is then, and whether it was that of an earlier request. */
export function sendWritten(reply: FastifyReply, status: number, { basket, replayed }: Written): void {
  if (replayed) reply.header('idempotent-replay', 'true');
  send(reply, status, basket);
}

export function sendNothing(reply: FastifyReply, replayed: boolean): void {
  if (replayed) reply.header('idempotent-replay', 'true');
  void reply.code(204).send();
}
