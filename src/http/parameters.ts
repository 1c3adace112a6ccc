import { applyDecorators, createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiParam, ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { WriteOptions } from '../basket/basket.repository.js';
import { preconditionOf } from './etag.js';
import { commandIdentityOf } from './idempotency.js';
import { validationFailed } from './problems.js';
import { parseProductId } from './product-id.js';
import { MAX_USER_NAME, parseUserName } from './user-name.js';

type Strings = Readonly<Record<string, string>>;

const MAX_INTEGER = 2 ** 31 - 1;
const MAX_PAGE = 200;

const requestOf = (context: ExecutionContext) =>
  context
    .switchToHttp()
    .getRequest<FastifyRequest<{ Params: Strings; Querystring: Readonly<Record<string, unknown>> }>>();

export const UserName = createParamDecorator((_: unknown, context) =>
  parseUserName(requestOf(context).params.userName ?? ''),
);

export const ProductId = createParamDecorator((_: unknown, context) =>
  parseProductId(requestOf(context).params.productId ?? ''),
);

/** What the headers of a write say: its conditions, and its `Idempotency-Key`. */
export const Options = createParamDecorator((_: unknown, context): WriteOptions => {
  const request = requestOf(context);
  return { precondition: preconditionOf(request.headers), command: commandIdentityOf(request) };
});

/** A past moment of a basket, from the query; undefined for the present. */
export type MomentInTime = { readonly version: number } | { readonly at: Date };

export const Moment = createParamDecorator((_: unknown, context): MomentInTime | undefined => {
  const { version, at } = requestOf(context).query;
  if (version === undefined && at === undefined) return undefined;
  if (version !== undefined && at !== undefined)
    throw validationFailed([{ pointer: '#/query/at', detail: 'must not be given together with version' }]);
  return version === undefined ? { at: timeIn('at', at) } : { version: integerIn('version', version, 1, MAX_INTEGER) };
});

/** The part of a history that the query asks for. */
export interface Page {
  readonly after: number;
  readonly limit: number;
}

export const PageOf = createParamDecorator((_: unknown, context): Page => {
  const { after = '0', limit = '50' } = requestOf(context).query;
  return { after: integerIn('after', after, 0, MAX_INTEGER), limit: integerIn('limit', limit, 1, MAX_PAGE) };
});

function integerIn(name: string, text: unknown, least: number, most: number): number {
  const value = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw validationFailed([{ pointer: `#/query/${name}`, detail: `must be a whole number from ${least} to ${most}` }]);
}

const ISO_8601 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

function timeIn(name: string, text: unknown): Date {
  const time = typeof text === 'string' && ISO_8601.test(text) ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw validationFailed([
    { pointer: `#/query/${name}`, detail: 'must be an ISO 8601 time such as 2026-11-23T09:15:00Z' },
  ]);
}

export const MomentParameters = () =>
  applyDecorators(
    ApiQuery({
      name: 'version',
      required: false,
      description: 'The basket as it was at this version.',
      schema: { type: 'integer', minimum: 1, maximum: MAX_INTEGER },
    }),
    ApiQuery({
      name: 'at',
      required: false,
      description: 'The basket as it was at this time. Not together with `version`.',
      schema: { type: 'string', format: 'date-time' },
    }),
  );

export const PageParameters = () =>
  applyDecorators(
    ApiQuery({
      name: 'after',
      required: false,
      description: 'Start behind this version; `nextAfter` of the page before.',
      schema: { type: 'integer', minimum: 0, maximum: MAX_INTEGER, default: 0 },
    }),
    ApiQuery({
      name: 'limit',
      required: false,
      description: 'Events a page.',
      schema: { type: 'integer', minimum: 1, maximum: MAX_PAGE, default: 50 },
    }),
  );

export const UserNameParameter = () =>
  ApiParam({
    name: 'userName',
    description: 'Whose basket. Percent-encoded; NFC, no control characters, no `/`.',
    example: 'alice',
    schema: { type: 'string', minLength: 1, maxLength: MAX_USER_NAME },
  });

export const ProductIdParameter = () =>
  ApiParam({
    name: 'productId',
    description: 'The product of the line.',
    example: '5334c996-8457-4cf0-815c-ed2b77c4ff61',
    schema: { type: 'string', format: 'uuid' },
  });
