import { median } from './figures.mjs';
import { cpuOf, cpuOfOthers, rssOf } from './proc.mjs';

const CONNECTIONS = 64;

/**
 * One scenario: the service and its reference in turns, A B B A, so that a machine that grows slower or faster hits
 * both alike; a ratio is of two neighbouring rounds.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @param {{ kind: 'read' | 'patch' | 'add', reference: 'readReference' | 'writeReference' }} scenario
 * @param {{ rounds: number, seconds: number, warmUp: number }} extent
 * @param {(text: string) => void} tell
 */
export async function alternate(stage, { kind, reference }, { rounds, seconds, warmUp }, tell) {
  const { parts, generator } = stage;
  // Both read the service's baskets, which the reference has copies of; each writes its own.
  const sides = {
    service: { part: parts.service, baskets: 'service' },
    reference: { part: parts[reference], baskets: kind === 'read' ? 'service' : 'reference' },
  };
  const results = { service: [], reference: [] };
  const errors = {};
  const run = async (name, duration) => {
    const { part, baskets } = sides[name];
    const before = { own: cpuOf(part.pid), others: cpuOfOthers() };
    const load = { side: baskets, kind, port: part.port, seconds: duration, connections: CONNECTIONS };
    const result = await generator.ask('load', load);
    for (const [error, times] of Object.entries(result.errors))
      errors[`${name}: ${error}`] = (errors[`${name}: ${error}`] ?? 0) + times;
    return figuresOf(result, cpuOf(part.pid) - before.own, cpuOfOthers() - before.others, rssOf(part.pid));
  };
  for (const name of ['service', 'reference']) await run(name, warmUp);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? ['service', 'reference'] : ['reference', 'service'];
    for (const name of order) {
      const result = await run(name, seconds);
      results[name].push(result);
      tell(`${kind} ${round + 1}/${rounds} ${name}: ${Math.round(result.requestsPerSecond)} requests/s`);
    }
  }
  return { ...summaryOf(results), errors };
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
    rounds: service.map((figures, round) => ({ service: figures, reference: reference[round] })),
  };
}

function mediansOf(rounds) {
  const names = Object.keys(rounds[0]);
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]))]));
}
