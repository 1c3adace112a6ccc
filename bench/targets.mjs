/** What is driven, in this order: reads come first, so that both sides read the baskets as they were made. */
export const SCENARIOS = {
  'cached read': { kind: 'read', reference: 'readReference', target: 0.85 },
  'PATCH quantity': { kind: 'patch', reference: 'writeReference', target: 0.8 },
  'POST item': { kind: 'add', reference: 'writeReference', target: 0.8 },
};

/** The service with traces of one request in twenty and metrics that are scraped, against itself without. */
export const TELEMETRY_SCENARIOS = Object.fromEntries(
  Object.entries(SCENARIOS).map(([name, { kind }]) => [name, { kind, reference: 'plain', target: 0.9 }]),
);

const MOST_START_MS = { real: 2000, embedded: 5000 };
const MOST_REST_MEGABYTES = 150;

const percent = (ratio) => `${(100 * ratio).toFixed(1)} %`;

/**
 * @param {object} definitions SCENARIOS or TELEMETRY_SCENARIOS
 * @returns {{ what: string, value: string, target: string, pass: boolean }[]}
 */
export function verdictsOf(definitions, scenarios, start) {
  const rates = Object.entries(scenarios).map(([name, { ratio, cpuRatio }]) => ({
    what: `${name}, requests/s of the reference's`,
    value: `${percent(ratio.median)}, rounds ${percent(ratio.lowest)} to ${percent(ratio.highest)}, CPU a request ${percent(cpuRatio)}`,
    target: `>= ${percent(definitions[name].target)}`,
    pass: ratio.median >= definitions[name].target,
  }));
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
