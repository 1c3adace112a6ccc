// npm run projections:rebuild: makes the rows of all baskets what their events say, while the service runs.
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ProgressFile } from './basket/rebuild/progress-file.js';
import { NO_PROGRESS, Rebuild } from './basket/rebuild/rebuild.js';
import type { Progress } from './basket/rebuild/rebuild.js';
import { StoredBaskets } from './basket/rebuild/stored-baskets.js';
import { Uncache } from './basket/rebuild/uncache.js';
import { readConfig } from './config.js';
import type { Config } from './config.js';
import { createDataSource } from './database/data-source.js';
import { Tombstones } from './event-store/tombstones.js';
import { pendingMigrations } from './database/migrate.js';

const USAGE = `npm run projections:rebuild [-- options]
  --check          only compare; exit code 1 if a row differs
  --user NAME      only this user
  --after NAME     begin behind this user instead of where an interrupted run was
  --restart        begin at the first user
  --progress FILE  where an interrupted run is kept (default .projections-rebuild.json, .projections-check.json)
`;
const EVERY_MS = 1000;
/** Beyond the deadline of a request: for a statement that was sent just before it. */
const GRACE_MS = 1000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const number = (value: number): string => value.toLocaleString('en');

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (interrupted = true));

function parse() {
  try {
    return parseArgs({
      options: {
        check: { type: 'boolean', default: false },
        user: { type: 'string' },
        after: { type: 'string' },
        restart: { type: 'boolean', default: false },
        progress: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    say(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const options = parse();
if (options.help) process.stdout.write(USAGE);
else
  try {
    process.exitCode = await main(readConfig(process.env));
  } catch (error) {
    const { message, cause } = error as Error;
    say(`${message}${cause instanceof Error ? ` ${cause.message}` : ''}`);
    process.exitCode = 1;
  }

async function main(config: Config): Promise<number> {
  if (config.DATABASE_URL === undefined)
    say(
      `Embedded database in ${config.DATABASE_DIR}: it serves one process, so the service must be stopped meanwhile.`,
    );
  const source = await createDataSource(config);
  const cache = config.REDIS_URL && !options.check ? new Uncache(config.REDIS_URL) : undefined;
  try {
    await source.initialize();
    const pending = await pendingMigrations(source);
    if (pending.length > 0)
      throw new Error(`The database lacks migrations (${pending.join(', ')}). Run: npm run migrate`);
    const runner = source.createQueryRunner();
    try {
      return await rebuild(config, new StoredBaskets(runner, new Tombstones(config.ERASURE_SECRETS)), cache);
    } finally {
      await runner.release();
    }
  } finally {
    cache?.close();
    await source.destroy();
  }
}

async function rebuild(config: Config, baskets: StoredBaskets, cache: Uncache | undefined): Promise<number> {
  const { check, user, after, restart } = options;
  const path = options.progress ?? (check ? '.projections-check.json' : '.projections-rebuild.json');
  const file = new ProgressFile(path, [config.DATABASE_URL ?? config.DATABASE_DIR, check ? 'check' : 'rebuild']);
  const kept = user === undefined && after === undefined && !restart ? file.read() : undefined;
  const start = kept ?? { ...NO_PROGRESS, after: after ?? '' };
  if (kept) say(`Goes on behind ${kept.after}, where it was interrupted (${path}).`);
  const work = new Rebuild(
    baskets,
    {
      check,
      // Nobody else writes to the embedded database.
      settleMs: config.DATABASE_URL === undefined ? 0 : config.REQUEST_DEADLINE_MS + GRACE_MS,
      uncache: (userName) => cache?.remove(userName) ?? Promise.resolve(true),
      complain: (userName, reason) => say(`The events of ${userName} cannot be folded: ${reason}.`),
    },
    start,
  );
  if (user !== undefined) await work.runFor(user);
  else if (!(await runAll(work, file, await baskets.count()))) {
    say(
      `Interrupted. The same command goes on behind ${work.progress.after}, as does -- --after ${work.progress.after}`,
    );
    return 130;
  }
  process.stdout.write(`${summary(work.progress)}\n`);
  return exitCode(work.progress);
}

/** @returns false when it was interrupted */
async function runAll(work: Rebuild, file: ProgressFile, total: number): Promise<boolean> {
  let keeps = true;
  let said = performance.now();
  for await (const progress of work.run()) {
    try {
      if (keeps) file.write(progress);
    } catch (error) {
      keeps = false;
      say(`Where it is cannot be kept (${(error as Error).message}); if it is interrupted, go on with --after.`);
    }
    // Signals come between two turns of the loop, of which the embedded database, in this thread, may leave none.
    await setImmediate();
    if (interrupted) return false;
    if (performance.now() - said < EVERY_MS) continue;
    said = performance.now();
    // Users whose rows are missing are not in the total.
    const all = Math.max(total, progress.users);
    say(`${number(progress.users)} of about ${number(all)} users. ${differed(progress)}. At ${progress.after}`);
  }
  file.remove();
  return true;
}

function differed({ projections, snapshots }: Progress): string {
  const kinds = `projections ${number(projections)}, snapshots ${number(snapshots)}`;
  return `Rows that differed: ${number(projections + snapshots)} (${kinds})`;
}

function summary(progress: Progress): string {
  const { users, projections, snapshots, broken, unsettled, stillCached } = progress;
  return [
    `Users: ${number(users)}`,
    differed(progress),
    ...(projections + snapshots > 0 ? [options.check ? 'Nothing was changed' : 'They were rebuilt'] : []),
    ...(broken > 0 ? [`Users whose events cannot be folded: ${number(broken)}`] : []),
    ...(unsettled > 0
      ? [`Users whose rows were written on from wrong ones again and again: ${number(unsettled)}; run it once more`]
      : []),
    ...(stillCached > 0
      ? [`Users who may be cached as they were for CACHE_TTL_SECONDS, as Redis does not answer: ${number(stillCached)}`]
      : []),
    '',
  ]
    .join('. ')
    .trim();
}

function exitCode({ projections, snapshots, broken, unsettled, stillCached }: Progress): number {
  const left = (options.check ? projections + snapshots : 0) + broken + unsettled + stillCached;
  return left > 0 ? 1 : 0;
}
