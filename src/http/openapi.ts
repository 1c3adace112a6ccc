import { applyDecorators } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  ApiSchema,
  DocumentBuilder,
  SwaggerModule,
  getSchemaPath,
} from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { problems } from './problems.js';
import type { ProblemCode } from './problems.js';

@ApiSchema({ name: 'FieldError' })
class FieldErrorView {
  @ApiProperty({
    description: 'JSON pointer (RFC 6901) into the body, or #/path/… or #/headers/….',
    example: '#/quantity',
  })
  pointer!: string;

  @ApiProperty({ example: 'must not be less than 1' })
  detail!: string;
}

@ApiSchema({ name: 'Problem', description: 'Why a request was refused (RFC 9457).' })
export class ProblemView {
  @ApiProperty({ format: 'uri', description: 'Stable; names the kind of problem.' })
  type!: string;

  @ApiProperty({ description: 'The kind of problem in words.' })
  title!: string;

  @ApiProperty({ type: 'integer', description: 'The HTTP status.' })
  status!: number;

  @ApiProperty({ description: 'What was wrong this time.' })
  detail!: string;

  @ApiProperty({ required: false, description: 'The path of the request.' })
  instance?: string;

  @ApiProperty({ enum: Object.keys(problems), description: 'For programs to decide on.' })
  code!: ProblemCode;

  @ApiProperty({ description: 'Finds the request in the logs; also in X-Request-Id.' })
  requestId!: string;

  @ApiProperty({
    required: false,
    type: [FieldErrorView],
    description: 'With validation-failed: everything that is wrong.',
  })
  errors?: FieldErrorView[];

  @ApiProperty({
    required: false,
    type: 'integer',
    description: "With version-mismatch: the version that the user's events are at.",
  })
  currentVersion?: number;
}

/** Any request may meet these. */
const ALWAYS: readonly ProblemCode[] = ['validation-failed', 'malformed-request', 'internal', 'database-unavailable'];
/** Any write may meet these; one that needs no body is refused for one, too. */
const ON_WRITE: readonly ProblemCode[] = [
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
  'conflict',
  'version-mismatch',
  'idempotency-key-reused',
];

interface Answer {
  readonly description: string;
  readonly body?: Type;
  /** Carries the version of the basket. */
  readonly etag?: boolean;
  /** Names the URL of what was created. */
  readonly location?: boolean;
}

interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly refusals: readonly ProblemCode[];
  /** Whether it changes something, and so takes an Idempotency-Key. */
  readonly write?: boolean;
  /** The conditional headers that it heeds. */
  readonly conditions?: readonly (keyof typeof CONDITIONS)[];
}

const CONDITIONS = {
  'If-Match': {
    description: 'Do it only if the basket is at one of these versions; `*`: only if there is one. Else 412.',
    example: '"7"',
  },
  'If-None-Match': { description: 'The versions you have: 304 if the basket is at one of them.', example: '"7"' },
  'If-None-Match: *': {
    description: '`*`: do it only if the user has no basket; versions: only if it is at none of them. Else 412.',
    example: '*',
  },
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description: 'Your name for this command: however often it is sent, it takes effect once. It never expires.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
} as const;

const HEADERS = {
  'X-Request-Id': { description: 'The one you sent, if it is sane, else a new one.', schema: { type: 'string' } },
  ETag: { description: 'The version, quoted.', schema: { type: 'string', pattern: '^"[0-9]+"$' }, example: '"7"' },
  'Idempotent-Replay': {
    description: '`true`: the Idempotency-Key had been used for this request; this is the answer of then.',
    schema: { type: 'string', const: 'true' },
  },
  Location: { description: 'Where it is.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds to wait before another try.', schema: { type: 'integer' } },
} as const;

/** Everything that the contract says of one operation. */
export function Operation(operation: Operation) {
  const { id, summary, description, answers, refusals, write, conditions = [] } = operation;
  const codes = [...ALWAYS, ...(write ? ON_WRITE : []), ...refusals];
  const byStatus = Map.groupBy(codes, (code) => problems[code].status);
  return applyDecorators(
    // The metrics tell requests apart by it.
    RouteConfig({ operation: id }),
    ApiExtraModels(ProblemView),
    ApiOperation({ operationId: id, summary, ...(description ? { description } : {}) }),
    ApiHeader({ name: 'X-Request-Id', required: false, description: 'Names the request in logs and answers.' }),
    ...(write ? [ApiHeader(IDEMPOTENCY_KEY)] : []),
    ...conditions.map((name) =>
      ApiHeader({ name: name.split(':', 1)[0] ?? name, required: false, ...CONDITIONS[name] }),
    ),
    ...Object.entries(answers).map(([status, answer]) =>
      ApiResponse({ status: Number(status), ...describe(answer, write) }),
    ),
    ...[...byStatus].map(([status, group]) => ApiResponse({ status, ...describeProblems(group) })),
  );
}

function describe({ description, body, etag, location }: Answer, write?: boolean) {
  const { 'X-Request-Id': requestId, 'Idempotent-Replay': replay, ETag, Location } = HEADERS;
  const headers = {
    'X-Request-Id': requestId,
    ...(write ? { 'Idempotent-Replay': replay } : {}),
    ...(etag ? { ETag } : {}),
    ...(location ? { Location } : {}),
  };
  return { description, headers, ...(body ? { type: body } : {}) };
}

function describeProblems(codes: readonly ProblemCode[]) {
  const { 'X-Request-Id': requestId, 'Retry-After': retryAfter } = HEADERS;
  const retry = codes.some((code) => 'retryAfter' in problems[code]);
  const examples = Object.fromEntries(
    codes.map((code) => [
      code,
      {
        summary: problems[code].title,
        value: {
          type: `https://basket.example/problems/${code}`,
          title: problems[code].title,
          status: problems[code].status,
          detail: problems[code].title,
          code,
          requestId: '019ab3c2-7d1e-7c4a-9f2e-0d5b8f1c2a34',
        },
      },
    ]),
  );
  return {
    description: codes.map((code) => `\`${code}\`: ${problems[code].title}.`).join(' '),
    headers: { 'X-Request-Id': requestId, ...(retry ? { 'Retry-After': retryAfter } : {}) },
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemView) }, examples } },
  };
}

const VERSION = '0.1.0';

/** Unknown fields of a request are refused; answers may gain some. */
const REQUEST_SCHEMAS = ['AddItem', 'Item', 'PutBasket', 'UpdateItemQuantity'];

const DESCRIPTION = `
Keeps shoppers' baskets: one basket a user, under \`/baskets/{userName}\`.

**Money** is an integer in the minor unit of the basket's currency. **Times** are ISO 8601, UTC, with milliseconds.

**Versions.** Each answer that carries a basket has its version as the \`ETag\`. Send it back in \`If-Match\` to write only
what you have seen (else 412, with \`currentVersion\`), or in \`If-None-Match\` to read only what is new (else 304).
Without a condition, changes of single lines all take effect, however many callers make them at once.

**Refusals** are problem documents (RFC 9457) with a \`code\` to decide on and the \`requestId\` that finds the request in the logs.
Unknown fields are refused, so that a typo is seen.
`.trim();

/** The contract, as `openapi.yaml` has it. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const about = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Basket')
    .setVersion(VERSION)
    .setDescription(DESCRIPTION)
    .addServer('/')
    .addTag('baskets', 'The basket of a user and its lines.')
    .addTag('health', 'For probes and people.')
    .build();
  const document = SwaggerModule.createDocument(app, about);
  for (const name of REQUEST_SCHEMAS) {
    const schema = document.components?.schemas?.[name];
    if (schema && !('$ref' in schema)) schema.additionalProperties = false;
  }
  return document;
}
