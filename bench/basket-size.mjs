// npm run bench:sizes [-- --quick]
import { parseArgs } from 'node:util';
import { startLoadGenerator } from './load.mjs';
import { program } from './program.mjs';
import { tableOf } from './report.mjs';
import { alternate } from './rounds.mjs';
import { openServers } from './servers.mjs';
import { Stage } from './stage.mjs';
import { verifyReads, verifyWrites } from './verify.mjs';

const LARGE = 500;
const SMALL = 1;
const BASKETS = 100;
const MOST_PATCH_RATIO = 3;
const LEAST_READ_RATIO = 0.85;
const EXTENT = {
  quick: { rounds: 4, seconds: 1, warmUp: 2 },
  long: { rounds: 10, seconds: 3, warmUp: 4 },
};

const alone = { connections: 1 };
const smaller = { ...alone, reference: 'service', ownBaskets: true };
const [LARGE_NAME, SMALL_NAME] = [`${LARGE} lines`, `  ${SMALL} line`];
/** Reads come first, so that both sides of the last two read the baskets as they were made. */
const SCENARIOS = {
  'cached GET against the bare handler, one caller': { kind: 'read', reference: 'readReference', ...alone },
  'cached GET against the bare handler, 64 callers': { kind: 'read', reference: 'readReference' },
  'cached GET': { kind: 'read', ...smaller, sides: [`cached GET, ${LARGE_NAME}`, SMALL_NAME] },
  PATCH: { kind: 'patch', ...smaller, sides: [`PATCH, ${LARGE_NAME}`, SMALL_NAME] },
};

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const extent = values.quick ? EXTENT.quick : EXTENT.long;
const tell = (text) => console.log(`  ${text}`);

await program('basket-size', async (folder, cleanUp) => {
  const generator = cleanUp.adopt(startLoadGenerator(), (one) => one.stop());
  const servers = cleanUp.adopt(await openServers(folder), (one) => one.stop());
  tell(servers.about);
  const stage = new Stage(folder, servers, generator, BASKETS);
  cleanUp.defer(() => stage.close());
  await stage.openService({ service: { lines: LARGE }, reference: { lines: SMALL } });
  await stage.openReadReference();
  await verifyReads(stage);
  const results = {};
  for (const [name, { sides, ...scenario }] of Object.entries(SCENARIOS)) {
    const { errors, ...result } = await alternate(stage, scenario, extent, tell);
    if (Object.keys(errors).length > 0) throw new Error(`${name}: ${JSON.stringify(errors)}`);
    results[name] = { sides, ...result };
  }
  const verified = await verifyWrites(stage, ['service', 'reference'], ['service', 'reference']);
  console.log(`\n${tableOf(results)}\n\nVerified: ${verified}\n`);
  return {
    quick: values.quick,
    about: servers.about,
    extent,
    results,
    verified,
    verdicts: Object.entries(results).map(verdictOf),
  };
});

function verdictOf([name, { service, reference, ratio, p50Ratio, cpuRatio }]) {
  if (SCENARIOS[name].reference === 'readReference')
    return {
      what: `${name}, ${LARGE} lines, requests/s of its`,
      value: `${(100 * ratio.median).toFixed(1)} %, rounds ${(100 * ratio.lowest).toFixed(1)} to ${(100 * ratio.highest).toFixed(1)} %, CPU a request ${(100 * cpuRatio).toFixed(1)} %`,
      target: `>= ${100 * LEAST_READ_RATIO} %`,
      pass: ratio.median >= LEAST_READ_RATIO,
    };
  const bytes = `${Math.round(service.bodyBytes)} bytes against ${Math.round(reference.bodyBytes)}`;
  return {
    what: `${name} of ${LARGE} lines, p50 of that of ${SMALL}`,
    value: `${service.p50.toFixed(3)} ms against ${reference.p50.toFixed(3)}: ${p50Ratio.toFixed(2)}x, CPU ${cpuRatio.toFixed(2)}x, ${bytes}`,
    ...(SCENARIOS[name].kind === 'patch'
      ? { target: `<= ${MOST_PATCH_RATIO}x`, pass: p50Ratio <= MOST_PATCH_RATIO }
      : { target: 'none', pass: undefined }),
  };
}
