// npm run bench:peers [-- --quick] [--only robot-shop-like,vendure]
import { parseArgs } from 'node:util';
import { startLoadGenerator } from './load.mjs';
import { ROBOT_SHOP_LIKE } from './peers/robot-shop-like.mjs';
import { VENDURE } from './peers/vendure.mjs';
import { program } from './program.mjs';
import { table, warningsOf } from './report.mjs';
import { alternate } from './rounds.mjs';
import { openServers } from './servers.mjs';
import { Stage } from './stage.mjs';
import { verifyWrites } from './verify.mjs';

const BASKETS = 10_000;
const PEERS = [ROBOT_SHOP_LIKE, VENDURE];
/** Reads come first, so that all are of carts as they were made. */
const KINDS = { read: 'read', patch: 'update a quantity', add: 'add a piece' };
const EXTENT = {
  quick: { rounds: 3, seconds: 1.2, warmUp: 2 },
  long: { rounds: 6, seconds: 5, warmUp: 5 },
};
const COLUMNS = ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs/request', 'ratio', 'rounds', 'target'];

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } });
const extent = values.quick ? EXTENT.quick : EXTENT.long;
const wanted = values.only?.toLowerCase().split(',');
const peers = PEERS.filter(({ name }) => wanted?.includes(name.toLowerCase()) ?? true);
if (peers.length === 0) throw new Error('--only takes robot-shop-like and vendure, separated by a comma.');
const tell = (text) => console.log(`  ${text}`);

/** @throws Error when any answer was not a success of the right kind */
async function compare(stage, peer) {
  const results = {};
  for (const kind of Object.keys(KINDS)) {
    tell(`${KINDS[kind]}, against ${peer.name}`);
    const scenario = { kind, reference: 'peer', ownBaskets: true };
    const result = await alternate(stage, scenario, extent, tell);
    if (Object.keys(result.errors).length > 0)
      throw new Error(`${KINDS[kind]}, ${peer.name}: ${JSON.stringify(result.errors)}`);
    results[kind] = { ...result, target: peer.targets[kind] };
  }
  return results;
}

const listOf = (results) =>
  Object.entries(results).flatMap(([peer, kinds]) =>
    Object.entries(kinds).map(([kind, result]) => ({ peer, what: KINDS[kind], ...result })),
  );

function rowsOf(results) {
  return listOf(results).flatMap(({ peer, what, service, reference, ratio, target }) => [
    [`${what}: Basket`, ...figuresOf(service), times(ratio.median), spreadOf(ratio), `>= ${target}x`],
    [`  ${peer}`, ...figuresOf(reference), '', '', ''],
  ]);
}

const figuresOf = ({ requestsPerSecond, p50, p99, cpuMicrosPerRequest }) => [
  requestsPerSecond.toFixed(0),
  p50.toFixed(2),
  p99.toFixed(2),
  cpuMicrosPerRequest.toFixed(1),
];
const times = (ratio) => `${ratio.toFixed(2)}x`;
const spreadOf = ({ lowest, highest }) => `${times(lowest)} to ${times(highest)}`;

const verdictsOf = (results) =>
  listOf(results).map(({ peer, what, ratio, cpuRatio, target }) => ({
    what: `${what}, requests/s of ${peer}'s`,
    value: `${times(ratio.median)}, rounds ${spreadOf(ratio)}, CPU a request ${times(cpuRatio)}`,
    target: `>= ${target}x`,
    pass: ratio.median >= target,
  }));

await program('peers', async (folder, cleanUp) => {
  const generator = cleanUp.adopt(startLoadGenerator(), (one) => one.stop());
  const servers = cleanUp.adopt(await openServers(folder), (one) => one.stop());
  tell(servers.about);
  const stage = new Stage(folder, servers, generator, BASKETS);
  cleanUp.defer(() => stage.close());
  tell(`fill ${BASKETS} baskets of the service ...`);
  await stage.openService({ service: {} });
  const results = {};
  const verified = {};
  for (const peer of peers) {
    try {
      await peer.open(stage, tell);
      results[peer.name] = await compare(stage, peer);
      verified[peer.name] = await peer.verify(stage);
    } finally {
      await peer.close(stage);
    }
  }
  verified.service = await verifyWrites(stage, ['service']);
  const all = Object.values(results).flatMap(Object.values);
  console.log(`\n${warningsOf(all)}\n\n${table([COLUMNS, ...rowsOf(results)])}\n`);
  for (const [name, found] of Object.entries(verified)) console.log(`Verified, ${name}: ${found}`);
  return { quick: values.quick, about: servers.about, extent, results, verified, verdicts: verdictsOf(results) };
});
