import type { Environment } from './config.forms.js';
import { variables } from './config.variables.js';
import type { Variable } from './config.variables.js';

export type { Environment };

// The environment, read and checked once at boot.

type Variables = typeof variables;
export type Config = {
  readonly [Name in keyof Variables]: ReturnType<Variables[Name]['parse']> | DefaultOf<Variables[Name]>;
};
type DefaultOf<V> = V extends { readonly default: infer D } ? (D extends (env: Environment) => infer R ? R : D) : never;

/** The injection token of a `Config`. */
export const CONFIG = Symbol('CONFIG');

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const isFunction = (value: unknown): value is (env: Environment) => unknown => typeof value === 'function';

/** @throws ConfigError that names each variable with a wrong value and what is allowed; an empty value counts as unset */
export function readConfig(env: Environment): Config {
  const problems: string[] = [];
  const read = ([name, definition]: [string, Variable<unknown>]) => {
    const text = env[name];
    try {
      if (text !== undefined && text !== '') return [name, definition.parse(text, env)] as const;
      return [name, isFunction(definition.default) ? definition.default(env) : definition.default] as const;
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}.`);
      return [name, undefined] as const;
    }
  };
  const config = Object.fromEntries(Object.entries(variables).map(read)) as Config;
  if (problems.length > 0) throw new ConfigError(`The configuration is wrong. ${problems.join(' ')}`);
  return config;
}
