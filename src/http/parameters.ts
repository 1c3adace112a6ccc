import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { preconditionOf } from './etag.js';
import { parseProductId } from './product-id.js';
import { MAX_USER_NAME, parseUserName } from './user-name.js';

const requestOf = (context: ExecutionContext) =>
  context.switchToHttp().getRequest<FastifyRequest<{ Params: Readonly<Record<string, string>> }>>();

export const UserName = createParamDecorator((_: unknown, context) =>
  parseUserName(requestOf(context).params.userName ?? ''),
);

export const ProductId = createParamDecorator((_: unknown, context) =>
  parseProductId(requestOf(context).params.productId ?? ''),
);

/** What `If-Match` and `If-None-Match` demand of the basket before a write. */
export const Conditions = createParamDecorator((_: unknown, context) => preconditionOf(requestOf(context).headers));

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
