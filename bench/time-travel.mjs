// npm run bench:time-travel [-- --quick]
import { parseArgs } from 'node:util';
import { median } from './figures.mjs';
import { LongBasket, clientOf, spreadTimes } from './long-basket.mjs';
import { program } from './program.mjs';
import { openServers, withClient } from './servers.mjs';
import { Stage } from './stage.mjs';

const SHORT = 100;
const LONG = 10_000;
const MOST_RATIO = 3;
const EXTENT = { quick: { rounds: 4, reads: 200 }, long: { rounds: 10, reads: 400 } };
const WARM_UP_READS = 300;

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const extent = values.quick ? EXTENT.quick : EXTENT.long;

await program('time-travel', async (folder, cleanUp) => {
  const servers = cleanUp.adopt(await openServers(folder), (one) => one.stop());
  console.log(`  ${servers.about}`);
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
  results['?version= without snapshots'] = {
    ...(await compare('version', short, long, 2, 50)),
    isComparison: true,
  };
  console.log('  Verified: the version and content of every answer');
  return { quick: values.quick, about: servers.about, results, verdicts: Object.entries(results).map(verdictOf) };
});

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

function verdictOf([what, { short, long, ratio, lowest, highest, cpuRatio, isComparison }]) {
  const times = `${short.ms.toFixed(2)} ms of ${SHORT} events, ${long.ms.toFixed(2)} ms of ${LONG}`;
  const spread = `${ratio.toFixed(2)}x, rounds ${lowest.toFixed(2)} to ${highest.toFixed(2)}, CPU ${cpuRatio.toFixed(2)}x`;
  return {
    what: `a read with ${what}`,
    value: `${times}: ${spread}`,
    target: isComparison ? 'none' : `<= ${MOST_RATIO}x`,
    pass: isComparison ? undefined : ratio <= MOST_RATIO,
  };
}
