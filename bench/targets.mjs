/**
 * @typedef {object} Scenario
 * @property {'read' | 'known' | 'patch' | 'add'} kind
 * @property {string} reference the part that it is compared with
 * @property {string} [part] the service, unless another part of the stage
 * @property {string} [referenceKind] what the reference is asked, unless the same
 * @property {boolean} [ownBaskets] whether the reference reads baskets of its own, in place of the service's
 * @property {string} [only] what selects it, unless its kind
 * @property {boolean} [isLong] whether a quick run leaves it out unless it is asked for
 * @property {number} [connections]
 * @property {number} [target] of the reference's requests a second, at the least; without one it is only measured
 * @property {number} [mostP50] of the reference's median latency, at the most
 */

/** What is driven, in this order: reads come first, so that both sides read the baskets as they were made. @type {Record<string, Scenario>} */
export const SCENARIOS = {
  'cached read': { kind: 'read', reference: 'readReference', target: 0.85 },
  '304, not modified': { kind: 'known', reference: 'service', referenceKind: 'read', target: 1 },
  'uncached read': { kind: 'read', part: 'uncached', reference: 'missReference', target: 1.5 },
  'PATCH quantity': { kind: 'patch', reference: 'writeReference', target: 1.3 },
  'POST item': { kind: 'add', reference: 'writeReference', target: 1.3 },
  'PATCH against pgbench': { kind: 'patch', only: 'pgbench', isLong: true, reference: 'pgbench', target: 1 },
  'PATCH by one caller': { kind: 'patch', reference: 'writeReference', connections: 1, mostP50: 1.25 },
};

/** The service with traces of one request in twenty and metrics that are scraped, against itself without. */
export const TELEMETRY_SCENARIOS = Object.fromEntries(
  ['cached read', 'PATCH quantity', 'POST item'].map((name) => [
    name,
    { kind: SCENARIOS[name].kind, reference: 'plain', target: 0.9 },
  ]),
);

/** The service with two workers against itself with one. No target: client, PostgreSQL and Redis need cores as well. */
export const WORKERS_SCENARIOS = Object.fromEntries(
  ['cached read', 'PATCH quantity'].map((name) => [name, { kind: SCENARIOS[name].kind, reference: 'plain' }]),
);

const HOT = { perSecond: 1500, mostSpread: 20 };
const MOST_OPEN_P99_MS = 10;
const MOST_START_MS = { real: 2000, embedded: 5000 };
const MOST_REST_MEGABYTES = 150;

const percent = (ratio) => `${(100 * ratio).toFixed(1)} %`;

/**
 * @param {object} definitions SCENARIOS, TELEMETRY_SCENARIOS or WORKERS_SCENARIOS
 * @returns {{ what: string, value: string, target: string, pass: boolean | undefined }[]}
 */
export function verdictsOf(definitions, scenarios, alone, start) {
  const rates = Object.entries(scenarios).map(([name, result]) => verdictOf(name, definitions[name], result));
  if (alone.hot) rates.push(...hotVerdicts(alone.hot.figures));
  if (alone.open) rates.push(openVerdict(alone.open.figures));
  if (!start.real) return rates;
  const starts = Object.entries(start).map(([where, { readyMs }]) => ({
    what: `ready, ${where}`,
    value: `${Math.round(readyMs)} ms`,
    target: `<= ${MOST_START_MS[where]} ms`,
    pass: readyMs <= MOST_START_MS[where],
  }));
  const rest = {
    what: 'memory at rest, real servers',
    value: `${Math.round(start.real.rssMegabytes)} MB`,
    target: `< ${MOST_REST_MEGABYTES} MB`,
    pass: start.real.rssMegabytes < MOST_REST_MEGABYTES,
  };
  return [...rates, ...starts, rest];
}

function verdictOf(name, { target, mostP50 }, { ratio, cpuRatio, p50Ratio }) {
  if (mostP50 !== undefined)
    return {
      what: `${name}, p50 of the reference's`,
      value: percent(p50Ratio),
      target: `<= ${percent(mostP50)}`,
      pass: p50Ratio <= mostP50,
    };
  return {
    what: `${name}, requests/s of the reference's`,
    value: `${percent(ratio.median)}, rounds ${percent(ratio.lowest)} to ${percent(ratio.highest)}${Number.isFinite(cpuRatio) ? `, CPU a request ${percent(cpuRatio)}` : ''}`,
    ...(target === undefined ? { target: 'none' } : { target: `>= ${percent(target)}`, pass: ratio.median >= target }),
  };
}

const hotVerdicts = ({ requestsPerSecond, p50, p99 }) => [
  {
    what: 'hot basket, adds/s acknowledged',
    value: requestsPerSecond.toFixed(0),
    target: `>= ${HOT.perSecond}`,
    pass: requestsPerSecond >= HOT.perSecond,
  },
  {
    what: 'hot basket, p99 of p50',
    value: `${(p99 / p50).toFixed(1)}x`,
    target: `<= ${HOT.mostSpread}x`,
    pass: p99 <= HOT.mostSpread * p50,
  },
];

const openVerdict = ({ requestsPerSecond, p99 }) => ({
  what: `open loop, ${requestsPerSecond.toFixed(0)} requests/s, p99`,
  value: `${p99.toFixed(2)} ms`,
  target: `< ${MOST_OPEN_P99_MS} ms`,
  pass: p99 < MOST_OPEN_P99_MS,
});
