// npm run bench [-- --quick] [--only read,known,patch,add,pgbench,hot,open] [--telemetry | --workers]
import { parseArgs } from 'node:util';
import { ALONE } from './alone.mjs';
import { startLoadGenerator } from './load.mjs';
import { openPgbench } from './pgbench.mjs';
import { FAILED, benchmark, exitCodeOf, machine as thisMachine } from './program.mjs';
import { textOf, write } from './report.mjs';
import { alternate } from './rounds.mjs';
import { openServers } from './servers.mjs';
import { Stage } from './stage.mjs';
import { startAndRest } from './start-and-rest.mjs';
import { SCENARIOS, TELEMETRY_SCENARIOS, WORKERS_SCENARIOS, verdictsOf } from './targets.mjs';
import { verifyReads, verifyWrites } from './verify.mjs';

const BASKETS = 10_000;
const EXTENT = {
  quick: { rounds: 3, seconds: 0.6, warmUp: 0.5, starts: 1 },
  long: { rounds: 9, seconds: 6, warmUp: 4, starts: 5 },
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    telemetry: { type: 'boolean', default: false },
    workers: { type: 'boolean', default: false },
  },
});
const extent = values.quick ? EXTENT.quick : EXTENT.long;
const wanted = values.only?.split(',');
if (values.telemetry && values.workers) throw new Error('--telemetry and --workers are measured one after the other.');
/** What the service is compared with itself in; else it is compared with the references. */
const variant = (values.telemetry && 'telemetry') || (values.workers && 'workers') || undefined;
const definitions = { telemetry: TELEMETRY_SCENARIOS, workers: WORKERS_SCENARIOS }[variant] ?? SCENARIOS;
const isWanted = (kind) => wanted?.includes(kind) ?? true;
const scenarios = Object.entries(definitions).filter(
  ([, { kind, only = kind, isLong }]) => isWanted(only) && (!isLong || !values.quick || wanted),
);
const usesPgbench = ([, { reference }]) => reference === 'pgbench';
const aloneKinds = variant ? [] : Object.keys(ALONE).filter(isWanted);
if (scenarios.length + aloneKinds.length === 0)
  throw new Error('--only takes read, known, patch, add, pgbench, hot and open, separated by commas.');
const tell = (text) => console.log(`  ${text}`);

await benchmark(async (folder, cleanUp) => {
  const before = thisMachine();
  const generator = cleanUp.adopt(startLoadGenerator(), (one) => one.stop());
  const servers = cleanUp.adopt(await openServers(folder), (one) => one.stop());
  const machine = {
    machine: before,
    software: `Node ${process.versions.node}; ${servers.about}`,
    work: `64 connections, ${BASKETS} baskets of 8 lines a side, ${extent.rounds} rounds of ${extent.seconds} s a side in turns, medians`,
  };
  for (const line of Object.values(machine)) tell(line);
  const stage = new Stage(folder, servers, generator, BASKETS);
  cleanUp.defer(() => stage.close());
  await stage.open(variant);
  if (variant === 'telemetry') cleanUp.defer(stage.scrape());
  if (!variant) await verifyReads(stage);
  const pgbench = scenarios.some(usesPgbench) ? await openPgbench(stage) : undefined;
  if (pgbench) stage.parts.pgbench = pgbench;
  const isMissing = scenarios.some(usesPgbench) && !pgbench;
  const results = {};
  for (const [name, scenario] of isMissing ? scenarios.filter((one) => !usesPgbench(one)) : scenarios) {
    const run = () => alternate(stage, scenario, extent, tell);
    results[name] = await (scenario.part === 'uncached' ? stage.withUncached(run) : run());
  }
  const alone = {};
  for (const kind of aloneKinds) {
    alone[kind] = await ALONE[kind](stage, extent);
    tell(`${kind}: ${Math.round(alone[kind].figures.requestsPerSecond)} requests/s`);
  }
  const all = [...Object.entries(results), ...Object.entries(alone)];
  const errors = Object.assign({}, ...all.map(([name, one]) => prefixed(name, one.errors)));
  const failed = Object.keys(errors).length > 0;
  const verified = failed ? 'not done, as there were errors' : await verify(stage, pgbench);
  const start = variant ? {} : await startAndRest(stage, extent.starts, tell);
  const verdicts = verdictsOf(definitions, results, alone, start);
  const report = {
    time: new Date().toISOString(),
    quick: values.quick,
    variant,
    machine,
    verdicts,
    errors,
    verified,
    leftOut: isMissing ? 'what is against pgbench, as that is not installed' : 'nothing',
    scenarios: results,
    alone,
    start,
  };
  console.log(`\n${textOf(report)}\n\n${write(report)}`);
  if (failed) return FAILED;
  return exitCodeOf(verdicts);
});

async function verify(stage, pgbench) {
  const writes = await verifyWrites(stage);
  return pgbench ? `${writes}; ${await pgbench.verify()}` : writes;
}

function prefixed(name, errors) {
  return Object.fromEntries(Object.entries(errors).map(([error, times]) => [`${name}, ${error}`, times]));
}
