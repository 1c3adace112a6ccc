import { execFileSync } from 'node:child_process';
import { accessSync, chownSync, constants, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { freePort, start, stop } from './processes.mjs';

const READY_MS = 30_000;

/**
 * PostgreSQL and Redis of the run's own where the machine has the programs, else those that DATABASE_URL and REDIS_URL
 * name. Both have their defaults (PostgreSQL is durable), but that Redis saves nothing.
 *
 * @param {string} folder for their data and logs
 * @param {Record<string, string>} [settings] of a PostgreSQL of the run's own, in place of its defaults
 */
export async function openServers(folder, settings = {}) {
  const postgres = await openPostgres(folder, settings);
  try {
    const redis = await openRedis(folder);
    return {
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      about: `${postgres.about}; ${redis.about}`,
      /** Of PostgreSQL; undefined when it is not the run's own. */
      log: postgres.log,
      async stop() {
        await redis.stop();
        await postgres.stop();
      },
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function openPostgres(folder, settings) {
  const bin = folderOf('initdb', postgresFolders());
  const user = unprivilegedUser();
  if (!bin || !user) return named('DATABASE_URL', 'PostgreSQL (initdb and postgres)');
  const data = join(folder, 'postgres');
  const log = join(folder, 'postgres.log');
  mkdirSync(data);
  if (user.uid !== undefined) chownSync(data, user.uid, user.gid);
  const initdb = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), initdb, { ...user, cwd: data, stdio: 'ignore' });
  const port = await freePort();
  const set = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = start(join(bin, 'postgres'), ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', data, ...set], {
    ...user,
    cwd: data,
    log,
    // The immediate shutdown: killed, it would leave its shared memory behind.
    atOnce: 'SIGQUIT',
  });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const { rows } = await until(child, log, () => withClient(url, (client) => client.query('SHOW server_version')));
  // SIGINT is PostgreSQL's fast shutdown: it does not wait for its clients.
  return { url, log, about: `PostgreSQL ${rows[0].server_version}, its own`, stop: () => stop(child, 'SIGINT') };
}

async function openRedis(folder) {
  const bin = folderOf('redis-server', pathFolders());
  if (!bin) return named('REDIS_URL', 'redis-server');
  const log = join(folder, 'redis.log');
  const port = await freePort();
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = start(join(bin, 'redis-server'), args, { log });
  const url = `redis://127.0.0.1:${port}`;
  const version = await until(child, log, () => withRedis(url, async (redis) => versionOf(await redis.info('server'))));
  return { url, about: `Redis ${version}, its own`, stop: () => stop(child) };
}

const versionOf = (info) => /redis_version:(\S+)/.exec(info)?.[1] ?? '?';

function named(variable, program) {
  const url = process.env[variable];
  if (!url) throw new Error(`Neither ${program} is installed nor ${variable} set.`);
  return { url, about: `the server of ${variable}`, stop: () => Promise.resolve() };
}

/** PostgreSQL refuses to run as root. @returns {{ uid?: number, gid?: number } | undefined} */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return {};
  try {
    const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

const pathFolders = () => (process.env.PATH ?? '').split(delimiter);

/** Debian keeps its servers off the PATH, the newest is the one to take. */
function postgresFolders() {
  const debian = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(debian).sort((a, b) => Number(b) - Number(a));
    return [...pathFolders(), ...versions.map((version) => join(debian, version, 'bin'))];
  } catch {
    return pathFolders();
  }
}

/** Where a program of PostgreSQL's is; undefined where it is not installed. */
export function programPath(program) {
  const folder = folderOf(program, postgresFolders());
  return folder && join(folder, program);
}

function folderOf(program, folders) {
  return folders.find((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function until(child, log, attempt) {
  const end = performance.now() + READY_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end || child.exitCode !== null)
        throw new Error(`${child.spawnfile} does not start, see ${log}`, { cause: error });
      await setTimeout(50);
    }
  }
}

/** @template T @param {(client: pg.Client) => Promise<T>} use @returns {Promise<T>} */
export async function withClient(url, use) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** @template T @param {(redis: Redis) => Promise<T>} use @returns {Promise<T>} */
export async function withRedis(url, use) {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined); // The command that failed tells.
  await redis.connect();
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}
