import { median } from './figures.mjs';
import { cpuOf, cpuOfOthers, rssOf } from './proc.mjs';

export const CONNECTIONS = 64;

/**
 * One scenario: the service and its reference in turns, A B B A, so that a machine that grows slower or faster hits
 * both alike; a ratio is of two neighbouring rounds.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @param {import('./targets.mjs').Scenario} scenario
 * @param {{ rounds: number, seconds: number, warmUp: number }} extent
 * @param {(text: string) => void} tell
 */
export async function alternate(stage, scenario, { rounds, seconds, warmUp }, tell) {
  const {
    kind,
    part = 'service',
    reference,
    referenceKind = kind,
    ownBaskets = false,
    connections = CONNECTIONS,
  } = scenario;
  const { parts, generator } = stage;
  // Both read the service's baskets, which a bare handler has copies of, unless each has its own; each writes its own.
  const isShared = !ownBaskets && (kind === 'read' || kind === 'known');
  const sides = {
    service: { part: parts[part], baskets: 'service', kind },
    reference: { part: parts[reference], baskets: isShared ? 'service' : 'reference', kind: referenceKind },
  };
  const results = { service: [], reference: [] };
  const errors = {};
  const run = async (name, duration) => {
    const { part, baskets: side, kind } = sides[name];
    const load = { side, kind, port: part.port, seconds: duration, connections };
    const { figures, errors: found } = part.measure
      ? await part.measure(duration)
      : await observed(part.pid, () => generator.ask('load', load));
    for (const [error, times] of Object.entries(found))
      errors[`${name}: ${error}`] = (errors[`${name}: ${error}`] ?? 0) + times;
    if (name === 'reference') await stage.forgetPointers();
    return figures;
  };
  for (const name of ['service', 'reference']) await run(name, warmUp);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? ['service', 'reference'] : ['reference', 'service'];
    for (const name of order) {
      const result = await run(name, seconds);
      results[name].push(result);
      tell(`${sides[name].kind} ${round + 1}/${rounds} ${name}: ${Math.round(result.requestsPerSecond)} requests/s`);
    }
  }
  return { ...summaryOf(results), errors };
}

/** What a load cost the process that had it. @param {() => Promise<object>} load a job of the load generator */
export async function observed(pid, load) {
  const before = { own: cpuOf(pid), others: cpuOfOthers() };
  const result = await load();
  const figures = figuresOf(result, cpuOf(pid) - before.own, cpuOfOthers() - before.others, rssOf(pid));
  return { figures, errors: result.errors };
}

function figuresOf({ requests, elapsed, generatorCpu, p50, p99, bodyBytes }, cpu, othersCpu, rssMegabytes) {
  return {
    requestsPerSecond: requests / elapsed,
    cpuMicrosPerRequest: (cpu / requests) * 1e6,
    busy: cpu / elapsed,
    generatorBusy: generatorCpu / elapsed,
    othersBusy: othersCpu / elapsed,
    p50,
    p99,
    bodyBytes,
    rssMegabytes,
  };
}

function summaryOf({ service, reference }) {
  const ratioOf = (name) => service.map((figures, round) => figures[name] / reference[round][name]);
  const ratios = ratioOf('requestsPerSecond');
  return {
    service: mediansOf(service),
    reference: mediansOf(reference),
    ratio: { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) },
    cpuRatio: median(ratioOf('cpuMicrosPerRequest')),
    p50Ratio: median(ratioOf('p50')),
    rounds: service.map((figures, round) => ({ service: figures, reference: reference[round] })),
  };
}

function mediansOf(rounds) {
  // What has no port tells fewer of them.
  const names = Object.keys(rounds[0]);
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]))]));
}
