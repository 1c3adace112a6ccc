import { applyDecorators } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  DocumentBuilder,
  SwaggerModule,
  getSchemaPath,
} from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Access } from '../auth/access.js';
import { ProblemView } from './problem.dto.js';
import { problems } from './problems.js';
import type { ProblemCode } from './problems.js';

/** Any request may meet these. */
const ALWAYS: readonly ProblemCode[] = ['validation-failed', 'malformed-request', 'internal', 'database-unavailable'];
/** Any request may meet these that not everybody may send. */
const ON_ACCESS: readonly ProblemCode[] = [
  ...(['unauthenticated', 'forbidden', 'rate-limited'] as const),
  ...(['authentication-unavailable', 'overloaded'] as const),
];
/** Any write may meet these; one that needs no body is refused for one, too. */
const ON_WRITE: readonly ProblemCode[] = [
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
  'conflict',
  'version-mismatch',
  'idempotency-key-reused',
];

/** Like `application/x-ndjson` not registered with IANA; it is the first that the media type registry of OpenAPI names. */
export const JSON_LINES = 'application/jsonl';

interface Answer {
  readonly description: string;
  readonly body?: Type;
  /** An example of the server-sent events that it consists of. */
  readonly events?: string;
  /** An example of the JSON lines that it consists of. */
  readonly lines?: string;
  /** Carries the version of the basket. */
  readonly etag?: boolean;
  /** Names the URL of what was created. */
  readonly location?: boolean;
}

interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** Who may do it. */
  readonly access: Access;
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
  description:
    'Your name for this command: however often it is sent, it takes effect once. It never expires. A request that is refused, or that finds nothing to change, leaves the key unused.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
} as const;

const GUEST_AUTHORIZATION = {
  name: 'Guest-Authorization',
  required: false,
  description: 'Where callers have tokens: `Bearer` and the token of the guest whose basket is emptied.',
  schema: { type: 'string' },
} as const;

/** Those that are `required` are on every answer that declares them. */
const HEADERS = {
  'X-Request-Id': {
    required: true,
    description: 'The one you sent, if it is sane, else a new one.',
    schema: { type: 'string' },
  },
  ETag: {
    required: true,
    description: 'The version, quoted.',
    schema: { type: 'string', pattern: '^"[0-9]+"$' },
    example: '"7"',
  },
  'Idempotent-Replay': {
    description: '`true`: the Idempotency-Key had been used for this request; this is the answer of then.',
    schema: { type: 'string', const: 'true' },
  },
  Location: { required: true, description: 'Where it is.', schema: { type: 'string' } },
  'Retry-After': {
    required: true,
    description: 'Seconds to wait before another try.',
    schema: { type: 'integer' },
  },
  'WWW-Authenticate': { required: true, description: 'What the token lacks (RFC 6750).', schema: { type: 'string' } },
} as const;

/** Everything that the contract says of one operation. */
export function Operation(operation: Operation) {
  const { id, summary, description, access, answers, refusals, write, conditions = [] } = operation;
  const codes = [...ALWAYS, ...(access === 'public' ? [] : ON_ACCESS), ...(write ? ON_WRITE : []), ...refusals];
  const byStatus = Map.groupBy(codes, (code) => problems[code].status);
  return applyDecorators(
    // The hooks tell who may call it and what it is counted as.
    RouteConfig({ operation: id, access }),
    ...(access === 'public' ? [] : [ApiBearerAuth()]),
    ApiExtraModels(ProblemView),
    ApiOperation({ operationId: id, summary, ...(description ? { description } : {}) }),
    ApiHeader({ name: 'X-Request-Id', required: false, description: 'Names the request in logs and answers.' }),
    ...(write ? [ApiHeader(IDEMPOTENCY_KEY)] : []),
    ...(access === 'owner-with-guest' ? [ApiHeader(GUEST_AUTHORIZATION)] : []),
    ...conditions.map((name) =>
      ApiHeader({ name: name.split(':', 1)[0] ?? name, required: false, ...CONDITIONS[name] }),
    ),
    ...Object.entries(answers).map(([status, answer]) =>
      ApiResponse({ status: Number(status), ...describe(answer, write) }),
    ),
    ...[...byStatus].map(([status, group]) => ApiResponse({ status, ...describeProblems(group) })),
  );
}

function describe({ description, body, events, lines, etag, location }: Answer, write?: boolean) {
  const { 'X-Request-Id': requestId, 'Idempotent-Replay': replay, ETag, Location } = HEADERS;
  const headers = {
    'X-Request-Id': requestId,
    ...(write ? { 'Idempotent-Replay': replay } : {}),
    ...(etag ? { ETag } : {}),
    ...(location ? { Location } : {}),
  };
  const text = (type: string, example: string) => ({ content: { [type]: { schema: { type: 'string' }, example } } });
  return {
    description,
    headers,
    ...(body ? { type: body } : {}),
    ...(events ? text('text/event-stream', events) : {}),
    ...(lines ? text(JSON_LINES, lines) : {}),
  };
}

function describeProblems(codes: readonly ProblemCode[]) {
  const { 'X-Request-Id': requestId, 'Retry-After': retryAfter, 'WWW-Authenticate': challenge } = HEADERS;
  const retry = codes.some((code) => 'retryAfter' in problems[code]);
  const challenged = codes.some((code) => code === 'unauthenticated' || code === 'forbidden');
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
    headers: {
      'X-Request-Id': requestId,
      ...(retry ? { 'Retry-After': retryAfter } : {}),
      ...(challenged ? { 'WWW-Authenticate': challenge } : {}),
    },
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemView) }, examples } },
  };
}

const VERSION = '0.1.0';

/** Unknown fields of a request are refused; answers may gain some. */
const REQUEST_SCHEMAS = [
  ...['AddItem', 'Item', 'PutBasket', 'UpdateItemQuantity', 'CheckOut', 'MergeBaskets', 'ExecuteBatch'],
  ...['BatchAddItem', 'BatchUpdateItemQuantity', 'BatchDeleteItem', 'BatchClear'],
];

const DESCRIPTION = `
Keeps shoppers' baskets: one basket a user, under \`/baskets/{userName}\`.

**Money** is an integer in the minor unit of the basket's currency. **Times** are ISO 8601, UTC, with milliseconds.

**Versions.** Each answer that carries a basket has its version as the \`ETag\`. Send it back in \`If-Match\` to write only
what you have seen (else 412, with \`currentVersion\`), or in \`If-None-Match\` to read only what is new (else 304).
Without a condition, changes of single lines all take effect, however many callers make them at once.

**Repeating.** Send an \`Idempotency-Key\` with a write and repeat it until there is an answer: it takes effect once, and a
repeat is answered as the first request was, with \`Idempotent-Replay: true\`. Keys are kept for each user, with the events. Only what
changed something is kept: after a refusal, or a 200 that changed nothing, the same key may take effect later.

**Callers.** Where the service checks tokens (\`AUTH_MODE=jwt\`), a caller reaches the own basket only; of another one it is
not even told whether it exists. Requests of a caller are limited: 429, with \`Retry-After\`.

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
    .addBearerAuth({
      type: 'http',
      bearerFormat: 'JWT',
      description:
        'With `AUTH_MODE=jwt`. It reaches the basket of the user whom it names; with the scope of an admin, all.',
    })
    .addTag('baskets', 'The basket of a user and its lines.')
    .addTag('privacy', 'What is stored of a user.')
    .addTag('analytics', 'Figures of all baskets.')
    .addTag('health', 'For probes and people.')
    .build();
  const document = SwaggerModule.createDocument(app, about);
  for (const name of REQUEST_SCHEMAS) {
    const schema = document.components?.schemas?.[name];
    if (schema && !('$ref' in schema)) schema.additionalProperties = false;
  }
  return document;
}
