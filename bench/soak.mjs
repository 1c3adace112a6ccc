// npm run bench:soak [-- --quick]
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startLoadGenerator } from './load.mjs';
import { cpuOf, rssOf } from './proc.mjs';
import { program } from './program.mjs';
import { progressOf } from './progress.mjs';
import { openServers, withClient } from './servers.mjs';
import { Stage } from './stage.mjs';

const USERS = 3000;
const CONNECTIONS = 64;
const REQUESTS = { quick: 100_000, long: 1_000_000 };
const SLICES = 40;
/** Until everything is compiled and every pool is full. */
const WARM_UP_SHARE = 1 / 4;
const MOST_GROWTH = 0.05;
const SAMPLE_MS = 10_000;
/** What is on its way when the load stops, such as events to be published. */
const SETTLE_MS = 500;
/** Collects all garbage at a signal and writes to the log what is left. */
const HEAP_ON_DEMAND = fileURLToPath(new URL('../test/support/heap-on-demand.mjs', import.meta.url));
const FLAGS = ['--expose-gc', '--import', HEAP_ON_DEMAND];

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const total = values.quick ? REQUESTS.quick : REQUESTS.long;
const tell = (line) => console.log(`  ${line}`);

await program('soak', async (folder, cleanUp) => {
  const servers = cleanUp.adopt(await openServers(folder), (one) => one.stop());
  tell(servers.about);
  const generator = cleanUp.adopt(startLoadGenerator(), (one) => one.stop());
  const stage = new Stage(folder, servers, generator, USERS);
  cleanUp.defer(() => stage.close());
  await withClient(servers.databaseUrl, (client) => client.query(`CREATE DATABASE ${stage.database}`));
  // The cache forgets within the run, so that expiry has its part in it.
  stage.parts.service = await stage.startService('service', { CACHE_TTL_SECONDS: '30' }, FLAGS);
  await generator.ask('prepare', { run: stage.run, side: 'service', count: USERS, work: 'mixed' });
  await stage.fill('service', stage.parts.service);
  const { samples, errors, cpuMicros } = await soak(stage, join(folder, 'service.log'));
  if (Object.keys(errors).length > 0) throw new Error(`There were errors: ${JSON.stringify(errors)}`);
  return {
    quick: values.quick,
    about: servers.about,
    requests: total,
    samples,
    cpuMicros,
    verdicts: [verdictOf(samples)],
  };
});

/** In slices, and after each what is on the heap while nothing is asked. */
async function soak(stage, log) {
  const { port, pid } = stage.parts.service;
  const progress = progressOf('requests', total, tell);
  const samples = [];
  const errors = {};
  const cpu = cpuOf(pid);
  for (let slice = 1; slice <= SLICES; slice++) {
    const load = {
      side: 'service',
      kind: 'mixed',
      port,
      seconds: 3600,
      connections: CONNECTIONS,
      requests: total / SLICES,
    };
    const result = await stage.generator.ask('load', load);
    Object.assign(errors, result.errors);
    await setTimeout(SETTLE_MS);
    const heap = await heapOf(pid, log);
    samples.push({ requests: (slice * total) / SLICES, heapMegabytes: heap / 1e6, rssMegabytes: rssOf(pid) });
    progress(samples.at(-1).requests);
    if (slice % 4 === 0) tell(`heap ${(heap / 1e6).toFixed(2)} MB, RSS ${Math.round(samples.at(-1).rssMegabytes)} MB`);
  }
  return { samples, errors, cpuMicros: ((cpuOf(pid) - cpu) / total) * 1e6 };
}

/** Bytes; the log tells, from where it ends now. */
async function heapOf(pid, log) {
  const from = statSync(log).size;
  process.kill(pid, 'SIGUSR2');
  const end = performance.now() + SAMPLE_MS;
  while (performance.now() < end) {
    const { heapUsed } = /"msg":"heap","heapUsed":(?<heapUsed>\d+)/.exec(await tailOf(log, from))?.groups ?? {};
    if (heapUsed) return Number(heapUsed);
    await setTimeout(50);
  }
  throw new Error('The service does not tell its heap.');
}

function tailOf(file, start) {
  return text(createReadStream(file, { start }));
}

function verdictOf(all) {
  const samples = all.slice(Math.round(all.length * WARM_UP_SHARE));
  const { slope, mean } = lineThrough(samples.map(({ requests, heapMegabytes }) => [requests, heapMegabytes]));
  const growth = (slope * (samples.at(-1).requests - samples[0].requests)) / mean;
  const { rssMegabytes } = samples[0];
  return {
    what: `heap over the last three quarters of ${total.toLocaleString('en')} mixed requests`,
    value:
      `${samples[0].heapMegabytes.toFixed(2)} MB to ${samples.at(-1).heapMegabytes.toFixed(2)} MB, growth by the fitted line ${(100 * growth).toFixed(2)} %, ` +
      `${(slope * 1e6).toFixed(2)} bytes a request; RSS ${Math.round(rssMegabytes)} to ${Math.round(samples.at(-1).rssMegabytes)} MB`,
    target: `growth < ${100 * MOST_GROWTH} %`,
    pass: growth < MOST_GROWTH,
  };
}

/** The line with the least squares. */
function lineThrough(points) {
  const meanOf = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [meanOf(0), meanOf(1)];
  const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return { slope: over / points.reduce((sum, [a]) => sum + (a - x) ** 2, 0), mean: y };
}
