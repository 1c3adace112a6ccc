import type { NestFastifyApplication } from '@nestjs/platform-fastify';

type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly replay: string | undefined;
  /** As it came, byte for byte. */
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Sends requests to the app; paths are below `/baskets/`. */
export const requestsTo =
  (app: NestFastifyApplication) =>
  async (method: Method, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> => {
    const answer = await app.inject({
      method,
      url: `/baskets/${path}`,
      headers,
      ...(body && { payload: body }),
    });
    const header = (name: string) => {
      const value = answer.headers[name];
      return value === undefined ? undefined : String(value);
    };
    return {
      status: answer.statusCode,
      etag: header('etag'),
      replay: header('idempotent-replay'),
      text: answer.body,
      json: answer.body === '' ? {} : (JSON.parse(answer.body) as Record<string, unknown>),
    };
  };

export type Send = ReturnType<typeof requestsTo>;
