// npm run bench:scale [-- --quick] [--baskets 1000000] [--events 10000000] [--only growth,plans]
import { parseArgs } from 'node:util';
import { startLoadGenerator } from './load.mjs';
import { compareGrowth, growthVerdicts, verifyGenerated } from './growth.mjs';
import { countAll, generate } from './generated-baskets.mjs';
import { driveEverything } from './every-statement.mjs';
import { explainAll, harvest, notSent, sizeOfLog } from './plans.mjs';
import { planVerdict, writePlans } from './plans-report.mjs';
import { markdownTable, program } from './program.mjs';
import { openServers, withClient } from './servers.mjs';
import { sizeRows, sizesOf } from './sizes.mjs';
import { Stage } from './stage.mjs';

const SMALL = 1000;
const EXTENT = {
  quick: { baskets: 20_000, events: 200_000, rounds: 3, seconds: 1.5, warmUp: 2 },
  long: { baskets: 1_000_000, events: 10_000_000, rounds: 7, seconds: 5, warmUp: 5 },
};
/** Of a server for this much data; everything else is as PostgreSQL has it. */
const SETTINGS = { shared_buffers: '1GB', max_wal_size: '8GB' };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    baskets: { type: 'string' },
    events: { type: 'string' },
    only: { type: 'string' },
  },
});
const extent = values.quick ? EXTENT.quick : EXTENT.long;
const baskets = Number(values.baskets ?? extent.baskets);
const events = Number(values.events ?? extent.events);
const wanted = (what) => values.only?.split(',').includes(what) ?? true;
const tell = (text) => console.log(`  ${text}`);

await program('scale', async (folder, cleanUp) => {
  const servers = cleanUp.adopt(await openServers(folder, SETTINGS), (one) => one.stop());
  tell(servers.about);
  const generator = cleanUp.adopt(startLoadGenerator(), (one) => one.stop());
  const stages = {
    full: new Stage(folder, servers, generator, baskets),
    small: new Stage(folder, servers, generator, SMALL),
  };
  for (const stage of Object.values(stages)) cleanUp.defer(() => stage.close());
  const start = performance.now();
  await load(stages.small, 'reference', SMALL, SMALL * (events / baskets));
  await load(stages.full, 'service', baskets, events);
  const loadSeconds = Math.round((performance.now() - start) / 1000);
  const before = await countAll(stages.full);
  const sizes = await sizesOf(stages.full.databaseUrl);
  const sizeTable = sizeRows(sizes, before.baskets, before.events);
  console.log(`\n${JSON.stringify(before)} loaded in ${loadSeconds} s\n${markdownTable(sizeTable)}\n`);
  const results = { quick: values.quick, about: servers.about, loadSeconds, before, sizes, verdicts: [] };
  if (wanted('growth')) {
    results.growth = await compareGrowth(stages, generator, extent, tell);
    await verifyWrites(stages.full, results, before);
    results.verdicts.push(...growthVerdicts(results.growth));
  }
  if (wanted('plans') && servers.log) {
    results.plans = await plansOf(stages.full, servers);
    results.notSent = notSent(results.plans);
    tell(writePlans(results.plans, results));
    results.verdicts.push(planVerdict(results.plans));
  }
  results.analyticsRefreshSeconds = await refreshAnalytics(stages.full);
  tell(`a count of the analytics of all baskets: ${results.analyticsRefreshSeconds.toFixed(1)} s`);
  return results;
});

async function load(stage, side, count, eventCount) {
  await withClient(stage.servers.databaseUrl, (client) => client.query(`CREATE DATABASE ${stage.database}`));
  stage.parts.service = await stage.startService('loading', {
    ANALYTICS_REFRESH_SECONDS: '0',
    BASKET_ABANDONED_AFTER_HOURS: '0',
  });
  await generate(stage, side[0], count, eventCount, tell);
  const verified = await verifyGenerated(stage, side[0]);
  tell(
    `${count.toLocaleString('en')} baskets are there; ${verified} of them answer what is stored and what their events come to`,
  );
  await stage.parts.service.stop();
  stage.parts = {};
  await stage.generator.ask('prepare', { run: stage.run, side, count });
}

/** As many events as were acknowledged are there, and no others but what became of idle baskets. */
async function verifyWrites(stage, results, before) {
  const errors = Object.values(results.growth).flatMap((one) => Object.entries(one.errors));
  if (errors.length > 0) throw new Error(`There were errors: ${JSON.stringify(errors)}`);
  const counts = await stage.generator.ask('counts', { side: 'service' });
  const acknowledged = counts.reduce((sum, { patches, adds }) => sum + patches + adds, 0);
  const { stored, abandoned } = await withClient(stage.databaseUrl, async (client) => {
    const { rows } = await client.query(
      `SELECT count(*)::int AS stored, count(*) FILTER (WHERE event_type = 'BasketAbandoned')::int AS abandoned FROM domain_events`,
    );
    return rows[0];
  });
  if (stored - abandoned !== before.events + acknowledged)
    throw new Error(`${acknowledged} writes were acknowledged, ${stored - abandoned - before.events} are stored.`);
  results.verified = `all ${acknowledged} acknowledged writes are stored, once; ${abandoned} idle baskets were abandoned`;
  tell(`Verified: ${results.verified}`);
}

async function plansOf(stage, servers) {
  await explainAll(servers, stage.database);
  // Else the sweep of idle baskets might not be due within so short a time.
  await withClient(stage.databaseUrl, (client) => client.query('UPDATE job_leases SET last_run_at = NULL'));
  const from = sizeOfLog(servers);
  const part = await stage.startService('explained', { ANALYTICS_REFRESH_SECONDS: '0' });
  try {
    await driveEverything(part, stage.run, baskets, tell);
  } finally {
    await part.stop();
  }
  return harvest(servers, from);
}

async function refreshAnalytics(stage) {
  return await withClient(stage.databaseUrl, async (client) => {
    const start = performance.now();
    await client.query('SELECT refresh_basket_analytics()');
    return (performance.now() - start) / 1000;
  });
}
