import { Catch, HttpException, Inject, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BasketError } from '../basket/domain/basket.errors.js';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { DatabaseUnavailableError } from '../database/database.js';
import { ProblemError, problemDocument } from './problems.js';
import type { ProblemCode } from './problems.js';

/** Turns whatever was thrown into a problem document. What nobody foresaw says nothing of our insides. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.send(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  send(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = refusalOf(error);
    if (refusal.code === 'internal') this.logger.error(error);
    if (refusal.code === 'database-unavailable') this.logger.warn((error as Error).message);
    const { status, headers, body } = problemDocument(this.config.PROBLEM_TYPE_BASE, {
      ...refusal,
      instance: request.url.split('?', 1)[0],
      requestId: request.id,
    });
    reply.problem = refusal.code;
    void reply.code(status).headers(headers).header('x-request-id', request.id).send(body);
  }
}

interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof BasketError || error instanceof ProblemError)
    return { code: error.code, detail: error.message, extensions: error.extensions };
  if (error instanceof DatabaseUnavailableError)
    return { code: 'database-unavailable', detail: 'The request could not be served in time. Try again.' };
  return refusalOfFramework(error) ?? { code: 'internal', detail: 'The request failed. Its id is in our logs.' };
}

/** Fastify's errors, which come as they are from its hooks and wrapped from Nest's. */
function refusalOfFramework(error: unknown): Refusal | undefined {
  const { code, statusCode = error instanceof HttpException ? error.getStatus() : undefined } = (error ?? {}) as {
    code?: unknown;
    statusCode?: number;
  };
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || statusCode === 415)
    return { code: 'unsupported-media-type', detail: 'Send the body as application/json.' };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413)
    return { code: 'payload-too-large', detail: 'The body is larger than this service takes.' };
  if (code === 'FST_ERR_MAX_PARAM_LENGTH' || statusCode === 414)
    return { code: 'uri-too-long', detail: 'A part of the path is too long.' };
  // 403 is what the Swagger UI's file server says of paths that lead out of it.
  if (statusCode === 404 || statusCode === 403)
    return { code: 'route-not-found', detail: 'See /docs for what there is.' };
  if (statusCode === 400) return { code: 'malformed-request', detail: 'The request could not be read.' };
  return undefined;
}
