import { readFileSync } from 'node:fs';
import { YAML11_SCHEMA, load } from 'js-yaml';

// docker-compose.yml, read as Compose would.

interface Service {
  readonly profiles?: string[];
  readonly image: string;
  readonly build?: string;
  readonly pull_policy?: string;
  readonly user?: string;
  readonly entrypoint?: string[];
  readonly command?: string[];
  readonly environment?: Record<string, string>;
  readonly ports?: string[];
  readonly volumes?: string[];
  readonly tmpfs?: string[];
  readonly read_only: boolean;
  readonly cap_drop: string[];
  readonly security_opt: string[];
  readonly init?: boolean;
  readonly depends_on?: Record<string, { condition: string }>;
  readonly healthcheck: { disable?: boolean; test?: string[]; start_period?: string };
  readonly restart: string;
  readonly stop_grace_period?: string;
}
export interface Compose {
  readonly services: Record<'basket' | 'migrate' | 'postgres' | 'redis' | 'nats' | 'prometheus' | 'grafana', Service>;
  readonly volumes: Record<string, unknown>;
}

const string = { type: 'string' };
const strings = { type: 'array', items: string, minItems: 1 };
const duration = { type: 'string', pattern: String.raw`^\d+(ms|s|m)$` };
const closed = (properties: object, required: string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
/** The part of the Compose specification that the file uses: a key or type beyond it is a slip. */
const service = closed(
  {
    profiles: { const: ['observability'] },
    image: string,
    build: string,
    pull_policy: { enum: ['build', 'never'] },
    user: string,
    entrypoint: strings,
    command: strings,
    environment: { type: 'object', additionalProperties: string },
    ports: strings,
    volumes: strings,
    tmpfs: strings,
    shm_size: string,
    read_only: { type: 'boolean' },
    cap_drop: strings,
    security_opt: strings,
    init: { type: 'boolean' },
    depends_on: {
      type: 'object',
      additionalProperties: closed(
        { condition: { enum: ['service_healthy', 'service_started', 'service_completed_successfully'] } },
        ['condition'],
      ),
    },
    healthcheck: {
      oneOf: [
        closed({ disable: { const: true } }, ['disable']),
        closed(
          {
            test: strings,
            interval: duration,
            timeout: duration,
            retries: { type: 'integer' },
            start_period: duration,
          },
          ['test', 'interval', 'timeout', 'retries', 'start_period'],
        ),
      ],
    },
    restart: { enum: ['no', 'unless-stopped'] },
    stop_grace_period: duration,
  },
  ['image', 'read_only', 'cap_drop', 'security_opt', 'healthcheck', 'restart'],
);
const SERVICES = ['basket', 'migrate', 'postgres', 'redis', 'nats', 'prometheus', 'grafana'];
/** As a JSON Schema. */
export const specification = {
  ...closed(
    {
      name: string,
      services: closed(Object.fromEntries(SERVICES.map((name) => [name, service])), SERVICES),
      volumes: { type: 'object', additionalProperties: { type: 'null' } },
    },
    ['name', 'services', 'volumes'],
  ),
  patternProperties: { '^x-': true },
};

/** The file as it is written, and as Compose reads it in an environment. */
export const text = readFileSync('docker-compose.yml', 'utf8');
export const parse = (environment: Record<string, string> = {}): Compose => {
  const interpolated = text.replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, fallback: string) => environment[name] ?? fallback,
  );
  return load(interpolated, { schema: YAML11_SCHEMA }) as Compose;
};

export const compose = parse();
