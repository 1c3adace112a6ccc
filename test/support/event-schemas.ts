import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import { load } from 'js-yaml';

export interface AsyncApi {
  readonly channels: Readonly<
    Record<string, { address: string; parameters: { eventType: { enum: string[] } }; messages: object }>
  >;
  readonly components: {
    readonly messages: Readonly<Record<string, { name: string; examples: readonly { payload: object }[] }>>;
    readonly schemas: object;
  };
}

/** The committed contract. */
export const asyncApi = load(readFileSync('asyncapi.yaml', 'utf8')) as AsyncApi;

const ajv = new Ajv({ allErrors: true });
addFormats.default(ajv);
ajv.addKeyword('components').addSchema({ $id: 'asyncapi', components: asyncApi.components });

/** In what way a value differs from a schema of the contract; empty when it does not. */
export function differences(schema: string, value: unknown): string[] {
  const validate = ajv.getSchema(`asyncapi#/components/schemas/${schema}`);
  if (!validate) return [`There is no schema ${schema}.`];
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '' }: ErrorObject) => `${instancePath} ${message}`);
}
