import { existsSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import pg from 'pg';
import { readConfig } from '../../src/config.js';
import { variables } from '../../src/config.variables.js';
import { compose, parse, specification, text } from '../support/compose.js';
import type { Compose } from '../support/compose.js';
import { imageEnvironment, only } from '../support/dockerfile.js';

// What an engine would make of docker-compose.yml, as far as it shows without one.

const read = (file: string) => readFileSync(file, 'utf8');

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
