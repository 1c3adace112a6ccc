import { readFileSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withClient } from './servers.mjs';

const DIST = fileURLToPath(new URL('../dist/src/', import.meta.url));
/** Tables that grow with users or events, and never shrink: nobody may read them from end to end. */
const BIG = ['domain_events', 'basket_projections', 'basket_snapshots', 'erased_streams'];
const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  // Erasure works in functions.
  'auto_explain.log_nested_statements': 'on',
};

/** From now on PostgreSQL logs the plan of everything that new sessions send. */
export async function explainAll(servers, database) {
  await withClient(servers.databaseUrl, async (client) => {
    for (const [name, value] of Object.entries(SETTINGS))
      await client.query(`ALTER DATABASE ${database} SET ${name} = '${value}'`);
  });
}

export const sizeOfLog = ({ log }) => statSync(log).size;

/**
 * What was executed, by statement of the service.
 *
 * @param {number} from where in the log to begin
 * @returns {Plan[]}
 * @typedef {{ name: string, text: string, times: number, shapes: number, plan: string, ms: number, buffers: number,
 *   indexes: string[], scanned: string[], scannedBig: string[] }} Plan `plan` is that which was executed most often,
 *   its latest execution; `scanned` are tables that any of them reads from end to end
 */
export function harvest({ log }, from) {
  const names = statementNames();
  const statements = Map.groupBy(entriesOf(readFileSync(log).subarray(from).toString()), ({ text }) => text);
  return [...statements]
    .map(([text, entries]) => summaryOf(nameOf(text, names), entries))
    .filter(({ name, plan }) => name !== UNKNOWN || BIG.some((table) => plan.includes(table)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Names of the statements in the code that were not executed. @param {Plan[]} plans @returns {string[]} */
export function notSent(plans) {
  const sent = new Set(plans.map(({ name }) => name));
  return [...new Set(statementNames().map(({ name }) => name))].filter((name) => !sent.has(name)).sort();
}

/** `duration: 0.1 ms  plan:`, and behind it lines that begin with a tab: the text, then the plan. */
function* entriesOf(log) {
  const pattern = /duration: ([\d.]+) ms {2}plan:\n((?:\t.*(?:\n|$))+)/g;
  for (const [, ms, block] of log.matchAll(pattern)) {
    const lines = block
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(1));
    const at = lines.findIndex((line) => /\(cost=.* rows=/.test(line));
    const end = lines.findIndex((line) => line.startsWith('Query Parameters:'));
    if (at < 0) continue;
    const text = lines
      .slice(0, end < 0 ? at : Math.min(at, end))
      .join('\n')
      .replace('Query Text: ', '');
    yield { text: normal(text), sql: text, ms: Number(ms), plan: lines.slice(at).join('\n') };
  }
}

const normal = (text) => text.replace(/\s+/g, ' ').trim();

function summaryOf(name, entries) {
  const shapes = Map.groupBy(entries, ({ plan }) => shapeOf(plan));
  const common = [...shapes.values()].sort((a, b) => b.length - a.length)[0];
  const { plan, ms } = common.at(-1);
  // A part that was never executed has read nothing.
  const executed = entries.map((entry) =>
    entry.plan
      .split('\n')
      .filter((line) => !line.includes('(never executed)'))
      .join('\n'),
  );
  const found = (pattern) =>
    [...new Set(executed.flatMap((one) => [...one.matchAll(pattern)].map(([, it]) => it)))].sort();
  const scanned = found(/Seq Scan on (?:public\.)?(\w+)/g);
  return {
    ...{ name, text: dedent(entries[0].sql), times: entries.length, shapes: shapes.size, plan, ms },
    buffers: buffersOf(plan),
    indexes: found(/(?:Index (?:Only )?Scan(?: Backward)? using|Bitmap Index Scan on) (\w+)/g),
    scanned,
    scannedBig: scanned.filter((table) => BIG.includes(table)),
  };
}

/** As it stands in the code, but for what it is indented by. */
function dedent(sql) {
  const [first, ...rest] = sql.split('\n').filter((line) => line.trim() !== '');
  const least = Math.min(...rest.map((line) => line.search(/\S/)));
  return [first.trim(), ...rest.map((line) => line.slice(least).trimEnd())].join('\n');
}

/** Equal for executions of one plan. */
const shapeOf = (plan) =>
  plan
    .split('\n')
    .filter((line) => line.includes('(cost='))
    .map((line) => line.replace(/ {2}\(cost=.*/, ''))
    .join('\n');

/** Of the whole statement: the first figure is that of the top node. */
function buffersOf(plan) {
  const [, figures = ''] = /Buffers: shared ([^\n]*)/.exec(plan) ?? [];
  const of = (kind) => Number(new RegExp(`\\b${kind}=(\\d+)`).exec(figures)?.[1] ?? 0);
  return of('hit') + of('read');
}

/** The statements that stand in the code of the service, by what they look like. */
function statementNames() {
  const files = readdirSync(DIST, { recursive: true }).filter((file) => file.endsWith('.js'));
  return files.flatMap((file) => {
    const pattern = /name: (['`])([\w$.{}-]+)\1,(?:\s*\/\/.*|\s*replan: true,)*\s*text: ([`'"])([\s\S]*?)\3/g;
    return [...readFileSync(`${DIST}${file}`, 'utf8').matchAll(pattern)].map(([, , name, , text]) => ({
      name: name.replace('${table}', 'basket_projections'),
      looks: new RegExp(
        `^${text
          .split(/\$\{[^}]*\}/)
          .map((part) => RegExp.escape(part.replace(/\s+/g, ' ')))
          .join('.*?')
          .trim()}$`,
      ),
    }));
  });
}

/** Those that are put together from parts, or stand in a function of the migrations. */
const BEGINNINGS = {
  'WITH target AS': 'append-basket_projections',
  'WITH page AS': 'erase-stream-page, in the function',
  'WITH removed AS': 'close-erased-stream, in the function',
};

const UNKNOWN = 'unknown';
/** Unknown is what is not the service's own: what TypeORM asks at the start. */
const nameOf = (text, names) =>
  names.find(({ looks }) => looks.test(text))?.name ??
  Object.entries(BEGINNINGS).find(([beginning]) => text.startsWith(beginning))?.[1] ??
  UNKNOWN;
