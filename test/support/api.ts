import supertest from 'supertest';
import { problems } from '../../src/http/problems.js';
import type { ProblemCode } from '../../src/http/problems.js';
import { checkAnswer } from './contract.js';
import type { Answer } from './contract.js';

export interface Line {
  readonly productId: string;
  readonly productName: string;
  readonly unitPrice: number;
  readonly quantity: number;
  readonly lineTotal: number;
  readonly addedAt: string;
}

export interface Basket {
  readonly userName: string;
  readonly basketId: string;
  readonly status: string;
  readonly version: number;
  readonly currency: string;
  readonly items: readonly Line[];
  readonly totalItems: number;
  readonly totalPrice: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly currentVersion?: number;
  readonly index?: number;
}

export type Headers = Readonly<Record<string, string>>;
/** An object is sent as JSON; a string as it is, as JSON unless the headers say otherwise. */
type Body = object | string | undefined;
type Method = 'get' | 'head' | 'put' | 'post' | 'patch' | 'delete';

/** The one way from the tests to the API's routes: each answer must be one that the contract declares. */
export class Api {
  /** @param url where the service listens, or will when something is sent */
  constructor(private readonly url: string | (() => string)) {}

  readonly get = (path: string, headers?: Headers) => this.send('get', path, undefined, headers);
  readonly head = (path: string, headers?: Headers) => this.send('head', path, undefined, headers);
  readonly put = (path: string, body: Body, headers?: Headers) => this.send('put', path, body, headers);
  readonly post = (path: string, body: Body, headers?: Headers) => this.send('post', path, body, headers);
  readonly patch = (path: string, body: Body, headers?: Headers) => this.send('patch', path, body, headers);
  readonly delete = (path: string, headers?: Headers) => this.send('delete', path, undefined, headers);

  async send(method: Method, path: string, body: Body, headers: Headers = {}): Promise<Answer> {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const client = supertest(typeof this.url === 'string' ? this.url : this.url());
    const request = client[method](path).set({ ...type, ...headers });
    const response: { status: number; headers: unknown; text?: string } = await request.send(body);
    const answer = {
      status: response.status,
      headers: response.headers as Answer['headers'],
      text: response.text ?? '',
    };
    checkAnswer(method.toUpperCase(), path, answer);
    return answer;
  }
}

/** The basket that an answer of this status carries; its version is the ETag. */
export function basketIn(answer: Answer, status = 200): Basket {
  expect(statusOf(answer)).toBe(statusOf({ ...answer, status }));
  const basket = JSON.parse(answer.text) as Basket;
  expect(answer.headers.etag).toBe(`"${basket.version}"`);
  return basket;
}

/** The problem document of a refusal that has this code, and its status. */
export function refusal(answer: Answer, code: ProblemCode): Problem {
  const problem = answer.text ? (JSON.parse(answer.text) as Problem) : undefined;
  expect({ status: answer.status, code: problem?.code }).toEqual({ status: problems[code].status, code });
  return problem as Problem;
}

/** With the text, so that a failed expectation shows what was answered instead. */
const statusOf = ({ status, text }: Answer) => `${status} ${status < 400 ? '' : text}`.trim();
