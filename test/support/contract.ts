import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { load } from 'js-yaml';
import { problems } from '../../src/http/problems.js';
import type { ProblemCode } from '../../src/http/problems.js';

/** An HTTP answer, whatever client it came through. Header names are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface Response {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: Schema }>>;
  readonly content?: Content;
}

interface OperationObject {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation extends OperationObject {
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
}

const CONTRACT = 'openapi.yaml';

const document = load(readFileSync(CONTRACT, 'utf8')) as Document;

/** Every operation that the contract declares. */
export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
);

/** That the schemas are schemas is Redocly's to say (check:openapi): to compile the rules for that takes longer than all of ours. */
const KNOWN_TO_BE_RIGHT = { meta: false, validateSchema: false } as const;
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, ...KNOWN_TO_BE_RIGHT });
formats.default(ajv);
// What the discriminator tells, each alternative's `type` tells again.
ajv.addVocabulary(['example', 'discriminator']);
for (const [name, schema] of Object.entries(document.components.schemas))
  // Clients are told to bear new members; this test is not, so that none goes out undeclared.
  ajv.addSchema({ unevaluatedProperties: false, ...schema }, `#/components/schemas/${name}`);

const pathOf = (target: string) => target.split(/[?#]/, 1)[0]?.replace(/(?<=.)\/$/, '') ?? '';

/** The operation that a request is for; paths match without regard to case and to a slash at their end. */
export function operationOf(method: string, target: string): Operation | undefined {
  const declared = method === 'HEAD' ? 'GET' : method;
  return operations.find((operation) => {
    const pattern = operation.path.replace(/\{[^}]*\}/g, '[^/]+');
    return operation.method === declared && new RegExp(`^${pattern}$`, 'i').test(pathOf(target));
  });
}

/** Whether the contract lets a caller send this body; without one it does where it declares none. */
export function isDeclaredBody({ requestBody }: Operation, body: unknown): boolean {
  const schema = requestBody?.content['application/json']?.schema;
  return schema ? ajv.validate(schema, body) : body === undefined;
}

/** A body made of the examples that the contract gives; a list has one of each kind. */
export function sampleBody({ requestBody }: Operation): unknown {
  const schema = requestBody?.content['application/json']?.schema;
  return schema && sampleOf(schema);
}

function sampleOf(schema: Schema): unknown {
  const { $ref, example, properties, items, enum: values } = schema;
  const named = $ref && document.components.schemas[$ref.replace('#/components/schemas/', '')];
  if (named) return sampleOf(named);
  if (properties) return Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, sampleOf(of)]));
  if (items) return (items.oneOf ?? [items]).map(sampleOf);
  return example ?? values?.[0];
}

/** Served beside the API: the contract itself, and what shows it. */
const DOCUMENTATION = /^\/(docs|openapi\.(json|yaml))(\/|$)/i;

/** Given by the parser and the router, before it is known what the request is for. */
const BEFORE_ROUTING = new Set([408, 414, 417, 431]);

/** @throws Error that tells in what way the answer is not one that the contract declares */
export function checkAnswer(method: string, target: string, answer: Answer): void {
  const wrong = [...deviations(method, target, answer)];
  if (wrong.length === 0) return;
  const { status, text } = answer;
  throw new Error(`${method} ${target.slice(0, 200)} -> ${status}: ${wrong.join('; ')}. ${text.slice(0, 500)}`);
}

function* deviations(method: string, target: string, answer: Answer): Generator<string> {
  const { status, headers } = answer;
  if (!headers['x-request-id']) yield 'X-Request-Id is missing';
  if (mediaType(answer) === 'application/problem+json') yield* problemDeviations(method, target, answer);
  const operation = operationOf(method, target);
  if (!operation || BEFORE_ROUTING.has(status)) {
    if (status === 200 && DOCUMENTATION.test(pathOf(target))) return;
    if (mediaType(answer) !== 'application/problem+json')
      yield 'a request for no operation is not refused by a problem';
    return;
  }
  const response = operation.responses[status];
  if (response) yield* responseDeviations(method, response, answer);
  else yield `${operation.operationId} declares no ${status}`;
}

function* responseDeviations(method: string, response: Response, answer: Answer): Generator<string> {
  for (const [name, { required, schema }] of Object.entries(response.headers ?? {})) {
    const value = answer.headers[name.toLowerCase()];
    if (value === undefined && required) yield `${name} is missing`;
    if (value !== undefined) yield* schemaDeviations(schema, schema.type === 'integer' ? Number(value) : value, name);
  }
  const type = mediaType(answer);
  if (!response.content) {
    if (type !== '' || answer.text !== '') yield 'has a body, none is declared';
    return;
  }
  const schema = response.content[type]?.schema;
  if (!schema) yield `content type ${type} is not declared`;
  else if (method !== 'HEAD')
    yield* schemaDeviations(schema, isJson(type) ? parse(answer.text) : answer.text, 'the body');
}

const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' };

/** What holds for each problem document, wherever it comes from. */
function* problemDeviations(method: string, target: string, { status, headers, text }: Answer): Generator<string> {
  if (method === 'HEAD') return;
  const problem = parse(text) as Partial<Record<string, unknown>> | undefined;
  yield* schemaDeviations(PROBLEM, problem, 'the problem');
  const code = problem?.code as string;
  if (!Object.hasOwn(problems, code)) {
    yield `${code} is no code of src/http/problems.ts`;
    return;
  }
  const declared: { status: number; title: string; retryAfter?: number } = problems[code as ProblemCode];
  const expected = {
    type: `https://basket.example/problems/${code}`,
    status: declared.status,
    title: declared.title,
    requestId: headers['x-request-id'],
  };
  for (const [member, value] of Object.entries(expected))
    if (problem?.[member] !== value) yield `${member} is ${String(problem?.[member])}, not ${String(value)}`;
  if (status !== declared.status) yield `${code} has another status`;
  // How long a caller is over the limit differs.
  const retryAfter = code === 'rate-limited' ? /^[1-9]\d*$/.exec(String(headers['retry-after']))?.[0] : undefined;
  if (headers['retry-after'] !== (retryAfter ?? declared.retryAfter?.toString())) yield 'Retry-After is wrong';
  if ((code === 'validation-failed') !== Array.isArray(problem?.errors))
    yield 'errors are there without reason, or not';
  // Of the conflicts, those of a checkout tell it.
  if (code !== 'conflict' && (code === 'version-mismatch') !== 'currentVersion' in (problem ?? {}))
    yield 'currentVersion is wrong';
  // The parser refuses a request before it knows its path.
  if (problem?.instance !== undefined && problem.instance !== target.split('?', 1)[0]) yield 'instance is another path';
}

function* schemaDeviations(schema: Schema, value: unknown, what: string): Generator<string> {
  if (!ajv.validate(schema, value)) yield ajv.errorsText(ajv.errors, { dataVar: what });
}

function mediaType({ headers }: Answer): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? (type.split(';', 1)[0] ?? '') : '';
}

const isJson = (type: string): boolean => /[/+]json$/.test(type);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
