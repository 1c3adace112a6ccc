import { applyDecorators, createParamDecorator } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { DEFAULT_DAYS, MOST_DAYS, dayOf, parsePeriod } from './period.js';
import type { Period } from './period.js';

export const PeriodOf = createParamDecorator((_: unknown, context): Period => {
  const { query } = context.switchToHttp().getRequest<FastifyRequest<{ Querystring: Record<string, unknown> }>>();
  return parsePeriod(query, dayOf(new Date()));
});

export const PeriodParameters = () =>
  applyDecorators(
    ApiQuery({
      name: 'from',
      required: false,
      description: `The first day (UTC); ${DEFAULT_DAYS} days before the end of \`to\` by default. At most ${MOST_DAYS} days with \`to\`.`,
      schema: { type: 'string', format: 'date' },
    }),
    ApiQuery({
      name: 'to',
      required: false,
      description: 'The last day (UTC); today by default.',
      schema: { type: 'string', format: 'date' },
    }),
    ApiQuery({
      name: 'currency',
      required: false,
      description: 'ISO 4217 code: only the baskets in this currency.',
      schema: { type: 'string', pattern: '^[A-Z]{3}$' },
    }),
  );
