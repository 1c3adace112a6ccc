// npm run bench:time-travel [-- --quick]
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './figures.mjs';
import { LongBasket, clientOf, spreadTimes } from './long-basket.mjs';
import { openServers, withClient } from './servers.mjs';
import { Stage } from './stage.mjs';

const SHORT = 100;
const LONG = 10_000;
const MOST_RATIO = 3;
const EXTENT = { quick: { rounds: 4, reads: 200 }, long: { rounds: 10, reads: 400 } };
const WARM_UP_READS = 300;
const RESULTS = fileURLToPath(new URL('results/', import.meta.url));
const FAILED = 1;
const MISSED = 2;

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const extent = values.quick ? EXTENT.quick : EXTENT.long;

const folder = mkdtempSync(join(tmpdir(), 'basket-bench-'));
chmodSync(folder, 0o755);
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(FAILED));
try {
  process.exitCode = await measure();
} catch (error) {
  console.error(error);
  process.exitCode = FAILED;
}

async function measure() {
  await using cleanUp = new AsyncDisposableStack();
  const machine = `${cpus().length} x ${cpus()[0].model}; load average ${loadavg()[0].toFixed(2)} before the run`;
  const servers = cleanUp.adopt(await openServers(folder), (one) => one.stop());
  console.log(`  ${machine}\n  Node ${process.versions.node}; ${servers.about}`);
  const stage = new Stage(folder, servers, undefined, 0);
  cleanUp.defer(() => stage.close());
  await withClient(servers.databaseUrl, (client) => client.query(`CREATE DATABASE ${stage.database}`));
  stage.parts.service = await stage.startService();
  const service = cleanUp.adopt(clientOf(stage.parts.service), (one) => one.close());
  const short = new LongBasket(service, `${stage.run}-short`, SHORT);
  const long = new LongBasket(service, `${stage.run}-long`, LONG);
  for (const basket of [short, long]) await basket.fill();
  await withClient(stage.databaseUrl, async (client) => {
    await spreadTimes(client);
    await client.query('VACUUM FULL ANALYZE');
  });
  const results = {};
  for (const way of ['version', 'at']) results[`?${way}=`] = await compare(way, short, long);
  await withClient(stage.databaseUrl, (client) => client.query('DELETE FROM basket_snapshots'));
  results['?version= without snapshots, for comparison'] = await compare('version', short, long, 2, 50);
  return report(machine, results);
}

/** In turns, A B B A; a ratio is of two neighbouring rounds. */
async function compare(way, short, long, rounds = extent.rounds, reads = extent.reads) {
  for (const basket of [short, long]) await basket.read(way, Math.min(reads, WARM_UP_READS));
  const taken = [];
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? ['short', 'long'] : ['long', 'short'];
    const one = {};
    for (const name of order) one[name] = await (name === 'short' ? short : long).read(way, reads);
    taken.push(one);
  }
  const ratiosOf = (figure) => taken.map((round) => round.long[figure] / round.short[figure]);
  const of = (name, figure) => median(taken.map((round) => round[name][figure]));
  return {
    short: { ms: of('short', 'ms'), cpuMicros: of('short', 'cpuMicros') },
    long: { ms: of('long', 'ms'), cpuMicros: of('long', 'cpuMicros') },
    ratio: median(ratiosOf('ms')),
    lowest: Math.min(...ratiosOf('ms')),
    highest: Math.max(...ratiosOf('ms')),
    cpuRatio: median(ratiosOf('cpuMicros')),
  };
}

function report(machine, results) {
  const lines = Object.entries(results).map(([what, { short, long, ratio, lowest, highest, cpuRatio }]) => {
    const times = `${short.ms.toFixed(2)} ms of ${SHORT} events, ${long.ms.toFixed(2)} ms of ${LONG}`;
    const spread = `${ratio.toFixed(2)}x, rounds ${lowest.toFixed(2)} to ${highest.toFixed(2)}, CPU ${cpuRatio.toFixed(2)}x`;
    const verdict = what.includes('comparison') ? '    ' : ratio <= MOST_RATIO ? 'PASS' : 'FAIL';
    return `${verdict}  a read with ${what}: ${times}: ${spread}${verdict === '    ' ? '' : ` (target <= ${MOST_RATIO}x)`}`;
  });
  console.log(`\n${lines.join('\n')}\n\nVerified: the version and content of every answer`);
  mkdirSync(RESULTS, { recursive: true });
  const file = `${RESULTS}time-travel.json`;
  writeFileSync(
    file,
    `${JSON.stringify({ time: new Date().toISOString(), quick: values.quick, machine, results }, null, 2)}\n`,
  );
  console.log(file);
  return lines.some((line) => line.startsWith('FAIL')) ? MISSED : 0;
}
