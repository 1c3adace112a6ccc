import { applyDecorators, createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiParam, ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { WriteOptions } from '../basket/basket.repository.js';
import { preconditionOf } from './etag.js';
import { commandIdentityOf } from './idempotency.js';
import { parseProductId } from './product-id.js';
import { DEFAULT_PAGE, MAX_INTEGER, MAX_PAGE, momentIn, pageIn } from './query.js';
import type { Query } from './query.js';
import { MAX_USER_NAME, parseUserName } from './user-name.js';

type Strings = Readonly<Record<string, string>>;

const requestOf = (context: ExecutionContext) =>
  context.switchToHttp().getRequest<FastifyRequest<{ Params: Strings; Querystring: Query }>>();

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
export const Moment = createParamDecorator((_: unknown, context) => momentIn(requestOf(context).query));

/** The part of a history that the query asks for. */
export const PageOf = createParamDecorator((_: unknown, context) => pageIn(requestOf(context).query));

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
      description: 'The basket as it was at this time. Not together with `version`. A `+` is sent as `%2B`.',
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
      schema: { type: 'integer', minimum: 1, maximum: MAX_PAGE, default: DEFAULT_PAGE },
    }),
  );

export const UserNameParameter = () =>
  ApiParam({
    name: 'userName',
    description: 'Whose basket or data. Percent-encoded; NFC, no control characters, no `/`.',
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
