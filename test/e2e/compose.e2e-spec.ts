import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { YAML11_SCHEMA, load } from 'js-yaml';
import pg from 'pg';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { variables } from '../../src/config.variables.js';
import { Lifecycle } from '../../src/http/lifecycle.js';
import { createTestDatabase, testConfig } from '../support/database.js';

// What an engine would make of Dockerfile, .dockerignore and docker-compose.yml, as far as it shows without one.

const read = (file: string) => readFileSync(file, 'utf8');
const manifest = JSON.parse(read('package.json')) as { name: string; optionalDependencies: Record<string, string> };

interface Instruction {
  readonly keyword: string;
  readonly text: string;
}
interface Stage {
  readonly from: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

function parseDockerfile(file: string): { head: Instruction[]; stages: Stage[] } {
  const lines = file
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const head: Instruction[] = [];
  const stages: { from: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, keyword = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === '') throw new Error(`Not an instruction: ${line}`);
    const [, from = '', , name] = keyword === 'FROM' ? (/^(\S+)( AS (\S+))?$/.exec(text) ?? []) : [];
    if (keyword === 'FROM') stages.push({ from, name, instructions: [] });
    else (stages.at(-1)?.instructions ?? head).push({ keyword, text });
  }
  return { head, stages };
}

const dockerfile = read('Dockerfile');
const { head, stages } = parseDockerfile(dockerfile);
const image = stages.at(-1) ?? { from: '', name: undefined, instructions: [] };
const all = (keyword: string, stage = image) =>
  stage.instructions.filter((one) => one.keyword === keyword).map(({ text }) => text);
const only = (keyword: string, stage = image) => {
  const found = all(keyword, stage);
  if (found.length !== 1) throw new Error(`${found.length} instructions ${keyword}`);
  return found[0] ?? '';
};
const stageNamed = (name: string) => {
  const stage = stages.find((one) => one.name === name);
  if (!stage) throw new Error(`No stage ${name}`);
  return stage;
};
const wordsOf = (json: string) => JSON.parse(json) as string[];
const imageEnvironment = Object.fromEntries(
  all('ENV').flatMap((text) => text.split(' ').map((pair) => pair.split('=') as [string, string])),
);
const [healthOptions = '', healthCommand = ''] = only('HEALTHCHECK').split(' CMD ');

describe('The Dockerfile', () => {
  it('starts every stage from one base that a build argument names', () => {
    const names = stages.map(({ name }) => name);
    const foreign = stages.filter(({ from }, i) => from !== '${NODE_IMAGE}' && !names.slice(0, i).includes(from));
    expect(foreign).toEqual([]);
    expect(image.from).toBe('${NODE_IMAGE}');
    expect(head.map(({ keyword }) => keyword)).toEqual(['ARG']);
  });

  it('names the same version of Node as package.json', () => {
    const versions = Object.values(manifest.optionalDependencies);
    expect(new Set(versions.map((version) => `NODE_IMAGE=node:${version}-trixie-slim`))).toEqual(
      new Set(head.map(({ text }) => text)),
    );
  });

  it('installs what the lockfile says and runs no install script', () => {
    const installs = stages
      .flatMap((stage) => all('RUN', stage))
      .filter((text) => /\bnpm (ci|i|install|add)\b/.test(text));
    expect(installs).toEqual([expect.stringMatching(/ npm ci --ignore-scripts$/)]);
  });

  it('installs before it copies the sources, so that their changes leave the dependencies cached', () => {
    const { instructions } = stageNamed('build');
    const at = (pattern: RegExp) => instructions.findIndex(({ text }) => pattern.test(text));
    expect(at(/npm ci/)).toBeGreaterThanOrEqual(0);
    expect(at(/^src /)).toBeGreaterThan(at(/npm ci/));
    expect(at(/npm run build/)).toBeGreaterThan(at(/^src /));
    expect(image.instructions.findLastIndex(({ keyword }) => keyword === 'COPY')).toBeLessThan(
      image.instructions.findIndex(({ keyword }) => keyword === 'ARG'),
    );
  });

  it('takes from the context only what .dockerignore lets in, and lets in nothing else', () => {
    const copied = stages
      .flatMap((stage) => all('COPY', stage))
      .filter((text) => !text.startsWith('--from='))
      .flatMap((text) => text.split(' ').slice(0, -1));
    const rules = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    expect(
      rules
        .filter((rule) => rule.startsWith('!'))
        .map((rule) => rule.slice(1))
        .sort(),
    ).toEqual(copied.sort());
    expect(rules.slice(1).filter((rule) => !rule.startsWith('!'))).toContain('**/*.spec.ts');
    for (const source of copied) expect(existsSync(source)).toBe(true);
  });

  it('runs as a numbered user that is not root and owns the data folder only', () => {
    const user = only('USER');
    expect(user).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
    const owned = all('COPY').filter((text) => text.includes('--chown'));
    expect(owned).toEqual([
      `--from=build --chown=${user} ${imageEnvironment.DATABASE_DIR} ${imageEnvironment.DATABASE_DIR}`,
    ]);
    expect(all('RUN')).toEqual([]);
  });

  it('starts Node as process 1, without a shell that would swallow signals', () => {
    const [program, ...rest] = [...wordsOf(only('ENTRYPOINT')), ...wordsOf(only('CMD'))];
    expect(program).toBe('node');
    expect(rest.filter((word) => !word.startsWith('--'))).toEqual(['dist/bundle/main.js']);
    expect(existsSync('src/main.ts')).toBe(true);
  });

  it('sets up production on every address and the port that it exposes', () => {
    expect(imageEnvironment).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '3000', DATABASE_DIR: '/data' });
    expect(only('EXPOSE')).toBe(imageEnvironment.PORT);
    expect(Object.keys(variables)).toEqual(expect.arrayContaining(Object.keys(imageEnvironment)));
  });

  it('says what the image is', () => {
    const labels = [...only('LABEL').matchAll(/org\.opencontainers\.image\.(\w+)="([^"]+)"/g)].map(([, k, v]) => [
      k,
      v,
    ]);
    expect(Object.fromEntries(labels)).toMatchObject({
      title: manifest.name,
      version: '${VERSION}',
      revision: '${REVISION}',
    });
    expect(all('ARG').map((text) => text.split('=')[0])).toEqual(['VERSION', 'REVISION']);
  });

  it('names no host to fetch from', () => {
    expect(dockerfile.match(/https?:\/\/(?!127\.0\.0\.1:)/g)).toBeNull();
    expect(dockerfile).not.toMatch(/\b(curl|wget|apt-get)\b/);
  });

  it('checks its health more often than it gives up, and gives boot its time', () => {
    expect(healthOptions).toMatch(/^--interval=10s --timeout=3s --start-period=60s --retries=3\s*$/);
  });
});

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
interface Compose {
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
const specification = {
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

const text = read('docker-compose.yml');
const parse = (environment: Record<string, string> = {}): Compose => {
  const interpolated = text.replaceAll(
    /\$\{(\w+):-([^}]*)\}/g,
    (_, name: string, fallback: string) => environment[name] ?? fallback,
  );
  return load(interpolated, { schema: YAML11_SCHEMA }) as Compose;
};
const compose = parse();
const { basket, migrate, postgres, redis, nats, prometheus, grafana } = compose.services;
const services = Object.entries(compose.services);

describe('docker-compose.yml', () => {
  it('is what the Compose specification takes', () => {
    const validate = new Ajv2020({ strict: false, allErrors: true }).compile(specification);
    validate(compose);
    expect(validate.errors).toBeNull();
  });

  it('pins the major versions of PostgreSQL, Redis and NATS', () => {
    expect(postgres.image).toMatch(/^postgres:1[78]$/);
    expect(redis.image).toMatch(/^redis:[78]$/);
    expect(nats.image).toMatch(/^nats:2-alpine$/);
  });

  it('builds the image once, and pulls none of its name from a registry', () => {
    expect(basket).toMatchObject({ image: 'localhost/basket-service', build: '.', pull_policy: 'build' });
    expect(migrate).toMatchObject({ image: basket.image, pull_policy: 'never' });
    expect(migrate).not.toHaveProperty('build');
  });

  it('starts the service when PostgreSQL and Redis are healthy and the migration has succeeded, NATS or not', () => {
    expect(basket.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
      nats: { condition: 'service_started' },
      migrate: { condition: 'service_completed_successfully' },
    });
    expect(migrate.depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
  });

  it('migrates once, the database of the service', () => {
    expect(migrate.command).toEqual(['dist/bundle/migrate.js']);
    expect(existsSync('src/migrate.ts')).toBe(true);
    expect(migrate.restart).toBe('no');
    expect(migrate.environment?.DATABASE_URL).toBe(basket.environment?.DATABASE_URL);
    expect(migrate.environment?.PGPASSWORD).toBe(basket.environment?.PGPASSWORD);
  });

  it.each([basket, postgres, redis, nats, prometheus, grafana])(
    'checks the health of $image, without a shell',
    ({ healthcheck }) => {
      expect(healthcheck.test?.[0]).toBe('CMD');
      expect(healthcheck.disable).toBeUndefined();
    },
  );

  it('asks PostgreSQL over TCP, where it does not answer before it is set up', () => {
    expect(postgres.healthcheck.test).toContain('--host=127.0.0.1');
  });

  it.each([
    ['basket', 'BASKET_PORT', '3000', '3000'],
    ['postgres', 'POSTGRES_PORT', '5432', '5432'],
    ['redis', 'REDIS_PORT', '6379', '6379'],
    ['nats', 'NATS_PORT', '4222', '4222'],
    ['prometheus', 'PROMETHEUS_PORT', '9090', '9090'],
    ['grafana', 'GRAFANA_PORT', '3000', '3001'],
  ] as const)('publishes %s on loopback, at a port that %s changes', (name, variable, port, published) => {
    expect(compose.services[name].ports).toEqual([`127.0.0.1:${published}:${port}`]);
    expect(parse({ [variable]: '4711' }).services[name].ports).toEqual([`127.0.0.1:4711:${port}`]);
    expect(migrate).not.toHaveProperty('ports');
  });

  it.each(services)('gives %s no privileges, no root and no root folder to write to', (_, one) => {
    expect(one).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(one.user ?? (one.image === basket.image ? only('USER') : 'root')).not.toMatch(/^(root|0)\b/);
  });

  it('keeps nothing but the data of PostgreSQL and NATS, where their images take them', () => {
    const volumes = services.flatMap(([, one]) => one.volumes ?? []);
    expect(volumes.filter((volume) => !/^\.\/.*:ro$/.test(volume))).toEqual([
      'postgres-data:/var/lib/postgresql',
      'nats-data:/tmp',
    ]);
    expect(Object.keys(compose.volumes)).toEqual(['postgres-data', 'nats-data']);
  });

  it('brings Prometheus and Grafana only when they are asked for', () => {
    const asked = services.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name);
    expect(asked).toEqual(['prometheus', 'grafana']);
    const needed = [basket, migrate].flatMap(({ depends_on = {} }) => Object.keys(depends_on));
    expect(needed).not.toEqual(expect.arrayContaining(asked));
    expect([prometheus.image, grafana.image].join()).toMatch(/^prom\/prometheus:v3[\d.]+,grafana\/grafana:12[\d.]+$/);
  });

  it('gives them what deploy/ has, and lets nobody change it', () => {
    for (const volume of [...(prometheus.volumes ?? []), ...(grafana.volumes ?? [])]) {
      const [source = '', target = '', mode] = volume.split(':');
      expect([volume, existsSync(source), mode]).toEqual([volume, true, 'ro']);
      expect(target).toMatch(/^\/etc\//);
    }
    const { scrape_configs } = load(read('deploy/prometheus/prometheus.yml')) as {
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const { names, port } = scrape_configs[0]?.dns_sd_configs[0] ?? { names: [], port: 0 };
    // Which port it is follows from the configuration of the service, whose name it is under.
    expect(names.map((name) => name in compose.services)).toEqual([true]);
    expect(port).toBe(readConfig({ ...imageEnvironment, ...basket.environment }).METRICS_PORT);
    const { datasources } = load(read('deploy/grafana/provisioning/datasources/prometheus.yaml')) as {
      datasources: { url: string }[];
    };
    expect(datasources.map(({ url }) => new URL(url).hostname)).toEqual(['prometheus']);
    const { providers } = load(read('deploy/grafana/provisioning/dashboards/basket.yaml')) as {
      providers: { options: { path: string } }[];
    };
    const targets = (grafana.volumes ?? []).map((volume) => volume.split(':')[1]);
    expect(targets).toEqual(expect.arrayContaining(providers.map(({ options }) => options.path)));
  });

  it('publishes the metrics of the service to nobody but Prometheus', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports).join();
    expect(published).not.toContain('9464');
  });

  it('runs Redis as a cache: nothing on disk, bounded, the least recently used goes first', () => {
    const words = redis.command ?? [];
    const options = Object.fromEntries(
      words.flatMap((word, i) => (word.startsWith('--') ? [[word.slice(2), words[i + 1]]] : [])),
    ) as Record<string, string>;
    expect(redis.entrypoint).toEqual(['redis-server']);
    expect(options).toMatchObject({ save: '', appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' });
    expect(options.maxmemory).toMatch(/^\d+mb$/);
  });

  it('runs NATS with JetStream in its volume, and asks it for its health', () => {
    const words = nats.command ?? [];
    expect(nats.entrypoint).toEqual(['nats-server']);
    expect(words).toContain('--jetstream');
    expect(words[words.indexOf('--store_dir') + 1]).toMatch(/^\/tmp\//);
    expect(nats.healthcheck.test?.at(-1)).toBe(`http://127.0.0.1:${words[words.indexOf('--http_port') + 1]}/healthz`);
  });

  it('holds no secret but a development password, which the environment replaces', () => {
    const passwords = (file: Compose) => [
      file.services.basket.environment?.PGPASSWORD,
      file.services.migrate.environment?.PGPASSWORD,
      file.services.postgres.environment?.POSTGRES_PASSWORD,
    ];
    expect(new Set(passwords(compose))).toEqual(new Set(['for-development-only']));
    expect(new Set(passwords(parse({ POSTGRES_PASSWORD: 'other' })))).toEqual(new Set(['other']));
    const named = services.flatMap(([, { environment = {} }]) => Object.keys(environment));
    const secret = named.filter((name) => /PASS|SECRET|TOKEN|KEY/.test(name));
    expect(secret.sort()).toEqual(['ERASURE_SECRETS', 'PGPASSWORD', 'PGPASSWORD', 'POSTGRES_PASSWORD']);
    const secrets = (env: Record<string, string>) =>
      Object.values(parse(env).services).flatMap(({ environment = {} }) => environment.ERASURE_SECRETS ?? []);
    expect(secrets({})).toEqual(['']);
    expect(secrets({ ERASURE_SECRETS: 'other' })).toEqual(['other']);
    expect(text).not.toMatch(/:\/\/[^/@\s]*:[^/@\s]*@/);
  });

  it('hands the password past the URL to the driver', () => {
    const before = process.env.PGPASSWORD;
    process.env.PGPASSWORD = 'p@ss/w:r d#%$x?&';
    try {
      const client = new pg.Client({ connectionString: basket.environment?.DATABASE_URL });
      expect(client).toMatchObject({
        user: 'basket',
        database: 'basket',
        host: 'postgres',
        password: 'p@ss/w:r d#%$x?&',
      });
    } finally {
      if (before === undefined) delete process.env.PGPASSWORD;
      else process.env.PGPASSWORD = before;
    }
  });

  it('configures the service with variables that it knows, for production', () => {
    const names = Object.keys(basket.environment ?? {}).filter((name) => name !== 'PGPASSWORD');
    expect(Object.keys(variables)).toEqual(expect.arrayContaining(names));
    const config = readConfig({ ...imageEnvironment, ...basket.environment });
    expect(config).toMatchObject({ NODE_ENV: 'production', MIGRATE_ON_START: false, HOST: '0.0.0.0', PORT: 3000 });
    expect(config.REDIS_URL).toEqual(['redis://redis:6379']);
    expect(config.NATS_URL).toEqual(['nats://nats:4222']);
    expect(new URL(config.DATABASE_URL ?? '').hostname).toBe('postgres');
  });

  it('waits longer for the service to stop than it drains and ends what is in flight', () => {
    const config = readConfig({ ...imageEnvironment, ...basket.environment });
    const grace = Number(/^(\d+)s$/.exec(basket.stop_grace_period ?? '')?.[1]) * 1000;
    expect(grace).toBeGreaterThan(config.SHUTDOWN_DRAIN_MS + 2 * config.REQUEST_DEADLINE_MS);
  });

  it('puts an init before the service, so that a signal stops it while it still starts', () => {
    expect([basket.init, migrate.init]).toEqual([true, true]);
  });
});

/** The exit code of a health check, run on the Node of the test against a port. */
function exitCodeOf([command = '', ...args]: string[], port: number): Promise<number> {
  expect(command).toBe('node');
  const words = args.map((word) => word.replace(/:3000\//, `:${port}/`));
  return new Promise((done) => {
    execFile(process.execPath, words, { env: { PORT: String(port) } }, (error) => done(Number(error?.code ?? 0)));
  });
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function listen(server: Server) {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    port: portOf(server),
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

async function serve() {
  const database = await createTestDatabase();
  const app = await createApp(testConfig(database), database.open);
  await app.listen(0, '127.0.0.1');
  return {
    port: portOf(app.getHttpServer()),
    drain: () => app.get(Lifecycle).drain(),
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await database.drop();
    },
  };
}

describe('The health checks', () => {
  const ofImage = wordsOf(healthCommand);
  const ofCompose = basket.healthcheck.test?.slice(1) ?? [];

  it('pass while the service serves', async () => {
    await using served = await serve();
    expect(await exitCodeOf(ofImage, served.port)).toBe(0);
    expect(await exitCodeOf(ofCompose, served.port)).toBe(0);
  });

  it('tell a live service from a ready one while it drains', async () => {
    await using served = await serve();
    served.drain();
    expect(await exitCodeOf(ofImage, served.port)).toBe(0);
    expect(await exitCodeOf(ofCompose, served.port)).toBe(1);
  });

  it('fail where the answer is an error', async () => {
    await using served = await listen(createServer((_, answer) => answer.writeHead(503).end()));
    expect(await exitCodeOf(ofImage, served.port)).toBe(1);
    expect(await exitCodeOf(ofCompose, served.port)).toBe(1);
  });

  it('fail where nobody listens', async () => {
    const served = await listen(createServer());
    await served[Symbol.asyncDispose]();
    expect(await exitCodeOf(ofImage, served.port)).toBe(1);
    expect(await exitCodeOf(ofCompose, served.port)).toBe(1);
  });
});
