import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { VERSION_OF_PUT } from './baskets.mjs';
import { captureWrite } from './captured-write.mjs';
import { quantilesOf } from './figures.mjs';
import { copyBaskets } from './numbered-baskets.mjs';
import { CONNECTIONS } from './rounds.mjs';
import { programPath, withClient } from './servers.mjs';

/** Seconds. Each of its connections is new and first has to plan the statement, some times over; the service's have done so long ago. */
const LEAD_IN = 3;
const run = promisify(execFile);
/** Of what it says before it fails, as each of its clients says the same. */
const MOST_CHARACTERS = 1000;
/** Without one, some other. */
const VERSION = 7_654_321;

/**
 * PostgreSQL's own load generator with the service's statement, one a transaction, prepared: no pool, no HTTP, no
 * JavaScript. It stands in for a reference: `measure` in place of a port.
 *
 * @param {import('./stage.mjs').Stage} stage before anything was written to its baskets
 * @returns {Promise<Pgbench | undefined>} undefined where it is not installed
 */
export async function openPgbench(stage) {
  const program = programPath('pgbench');
  if (!program) return undefined;
  const [{ user_name, json }] = await stage.stored('s');
  const { first, count } = await copyBaskets(stage);
  const write = await captureWrite('patch', json);
  const script = join(stage.folder, 'pgbench.sql');
  const { text, fixed } = scriptOf(write, user_name);
  writeFileSync(script, text);
  const each = Math.floor(count / CONNECTIONS);
  return new Pgbench(stage, program, script, { ...fixed, first, each, first_version: VERSION_OF_PUT, ready: 0 });
}

/**
 * A client goes round its own baskets, so that it knows the version of each by how many it has written. PgBench has no
 * arrays: what changes from write to write is a number, of which the statement makes an array.
 */
function scriptOf({ text, values }, userName) {
  const fixed = {};
  const statement = text.replace(/\$(\d+)::/g, (_, number) => {
    const value = values[number - 1](userName, VERSION);
    const counter = { [userName]: 'user', [VERSION]: 'expected', [VERSION + 1]: 'version' }[value[0]];
    if (counter) return `ARRAY[:${counter}]::`;
    fixed[`p${number}`] = arrayOf(value);
    return `:p${number}::`;
  });
  const script = `\\if :ready = 0
\\set from :first + :client_id * :each
\\set to :from + :each - 1
SELECT sum(version - :first_version)::bigint AS done FROM basket_projections
WHERE user_name BETWEEN :from::text AND :to::text \\gset
\\set ready 1
\\endif
\\set user :from + :done % :each
\\set expected :first_version + :done / :each
\\set version :expected + 1
\\set done :done + 1
${statement.trim()};
`;
  return { text: script, fixed };
}

/** As PostgreSQL reads it from a text. */
const arrayOf = (values) =>
  `{${values.map((value) => (value === null ? 'NULL' : `"${String(value).replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;

class Pgbench {
  transactions = 0;

  constructor(stage, program, script, variables) {
    this.stage = stage;
    this.program = program;
    this.script = script;
    this.variables = variables;
  }

  /** @param {number} seconds it knows whole ones */
  async measure(seconds) {
    const logs = join(this.stage.folder, 'pgbench-logs');
    mkdirSync(logs, { recursive: true });
    const counted = Math.max(1, Math.round(seconds));
    const done = await this.run(logs, LEAD_IN + counted);
    this.transactions += done;
    const figures = figuresOf(transactionsIn(logs), counted);
    rmSync(logs, { recursive: true });
    return { figures, errors: {} };
  }

  /** @returns {Promise<number>} of transactions @throws Error when any of them failed */
  async run(logs, seconds) {
    const options = {
      ...{ protocol: 'prepared', client: CONNECTIONS, time: seconds, file: this.script },
      'log-prefix': join(logs, 'log'),
    };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    for (const [name, value] of Object.entries(this.variables)) args.push(`--define=${name}=${value}`);
    const { stdout } = await run(this.program, ['--no-vacuum', '--log', ...args, this.stage.databaseUrl]).catch(
      ({ code, stderr }) => {
        throw new Error(`pgbench ended with ${code}: ${stderr.slice(0, MOST_CHARACTERS)}`);
      },
    );
    const found = (pattern) => Number(pattern.exec(stdout)?.[1] ?? 0);
    const failed = found(/failed transactions: (\d+)/);
    if (failed > 0) throw new Error(`${failed} transactions of pgbench failed.`);
    return found(/transactions actually processed: (\d+)/);
  }

  /** That every transaction has written the next version of a basket. @throws Error */
  async verify() {
    const { first, each } = this.variables;
    const { rows } = await withClient(this.stage.databaseUrl, (client) =>
      client.query(
        `SELECT count(*) FILTER (WHERE version <> events)::int AS wrong, sum(version - $3)::int AS written
         FROM (SELECT user_name, version, (SELECT count(*) FROM domain_events AS e WHERE e.user_name = p.user_name) AS events
               FROM basket_projections AS p WHERE user_name BETWEEN $1 AND $2) AS baskets`,
        [`${first}`, `${first + each * CONNECTIONS - 1}`, VERSION_OF_PUT],
      ),
    );
    const [{ wrong, written }] = rows;
    if (wrong > 0 || written !== this.transactions)
      throw new Error(
        `pgbench: ${this.transactions} transactions, ${written} writes are stored, ${wrong} baskets are wrong.`,
      );
    return `all ${written} of pgbench, too`;
  }

  /** Nothing runs between its rounds. */
  stop() {
    return Promise.resolve();
  }
}

/** A line a transaction: client, number, its microseconds, script, and when it ended. */
const transactionsIn = (folder) =>
  readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [, , micros, , seconds, fraction] = line.split(' ').map(Number);
        const end = seconds + fraction / 1e6;
        return { milliseconds: micros / 1000, begin: end - micros / 1e6, end };
      }),
  );

/** Of the last seconds in which all clients were at work: what comes before is the lead-in, and the time that it took to connect. */
function figuresOf(transactions, seconds) {
  const until = transactions.reduce((last, { begin }) => Math.max(last, begin), 0);
  const from = until - seconds;
  const counted = transactions.filter(({ end }) => end >= from && end <= until);
  const [p50, p99] = quantilesOf(
    counted.map(({ milliseconds }) => milliseconds),
    [0.5, 0.99],
  );
  return { requestsPerSecond: counted.length / seconds, p50, p99 };
}
